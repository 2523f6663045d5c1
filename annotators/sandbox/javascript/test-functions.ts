// biome-ignore-all lint/suspicious/noExplicitAny: values of programs and of tests have any shape
/** What tests call beside the program: the global names of Jest, Mocha and node:test. */
export interface TestFunctions {
  readonly globals: Record<string, unknown>
  /** How many checks were reached. */
  readonly reached: number
  /** Counts one. */
  reach(): void
  /** The first failure that did not throw, or null. */
  readonly failure: string | null
  fail(detail: string): void
  /** Runs what was registered, one after the other; throws what the first failing one throws. */
  run(): Promise<void>
}

/**
 * Self-contained. `describe`, `it`, `test`, hooks and `expect` with the matchers that datasets use. A matcher that is not known throws what
 * `unsupported` makes, so that it is no failure of the program.
 */
export function javascriptTestFunctions(
  equal: (a: unknown, b: unknown, mode: "strict" | "loose" | "data") => boolean,
  unsupported: (detail: string) => Error,
): TestFunctions {
  type Hook = (done?: (error?: unknown) => void) => unknown
  interface Group {
    name: string
    before: Hook[]
    beforeEach: Hook[]
    after: Hook[]
    afterEach: Hook[]
    cases: ({ name: string; run: Hook } | Group)[]
  }
  const group = (name: string): Group => ({ name, before: [], beforeEach: [], after: [], afterEach: [], cases: [] })
  const root = group("")
  let open = root
  let reached = 0
  let failure: string | null = null

  class ExpectationError extends Error {
    override name = "AssertionError"
  }

  const shown = (value: unknown): string => {
    try {
      const text =
        typeof value === "string"
          ? JSON.stringify(value)
          : typeof value === "object"
            ? JSON.stringify(value)
            : String(value)
      return (text ?? String(value)).slice(0, 120)
    } catch {
      return typeof value
    }
  }

  function describe(name: unknown, body: () => unknown): void {
    const outer = open
    const inner = group(String(name))
    outer.cases.push(inner)
    open = inner
    try {
      body()
    } finally {
      open = outer
    }
  }

  function it(name: unknown, ...rest: unknown[]): void {
    const run = rest.find((each) => typeof each === "function") as Hook | undefined
    if (run) open.cases.push({ name: String(name), run })
  }
  const eachOf =
    (register: (name: unknown, body: any) => void) =>
    (table: unknown[]) =>
    (name: unknown, body: (...args: unknown[]) => unknown) => {
      for (const row of table) register(name, () => body(...(Array.isArray(row) ? row : [row])))
    }
  for (const register of [describe, it] as any[]) {
    register.skip = register.todo = () => {}
    register.only = register
    register.each = eachOf(register)
  }

  /** A hook or a case; one that takes a parameter is done when it calls that. */
  async function finish(run: Hook): Promise<void> {
    if (run.length === 0) return void (await run())
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const done = (error?: unknown) => (error ? reject(error) : resolve())
    // node:test gives a context, under which tests have tests.
    const context = Object.assign(done, {
      test: async (_: unknown, inner: Hook) => finish(inner),
      diagnostic() {},
      after() {},
    })
    const result: any = run(context)
    if (typeof result?.then === "function") await result
    else await promise
  }

  async function runGroup(of: Group, outer: readonly Group[]): Promise<void> {
    const all = [...outer, of]
    for (const hook of of.before) await finish(hook)
    for (const each of of.cases) {
      if ("cases" in each) {
        await runGroup(each, all)
        continue
      }
      for (const { beforeEach } of all) for (const hook of beforeEach) await finish(hook)
      try {
        await finish(each.run)
      } catch (error) {
        if (error instanceof Error && each.name !== "") failingCase ??= each.name
        throw error
      }
      for (const { afterEach } of all.toReversed()) for (const hook of afterEach) await finish(hook)
    }
    for (const hook of of.after) await finish(hook)
  }
  let failingCase: string | null = null

  const asymmetric = Symbol("asymmetric")
  const matches = (test: (value: any) => boolean) => ({ [asymmetric]: test })

  /** Equality in which parts of what is expected may be `expect.anything()` and the like. */
  function like(value: any, expected: any, mode: "strict" | "data"): boolean {
    if (typeof expected === "object" && expected !== null) {
      if (expected[asymmetric]) return expected[asymmetric](value)
      if (JSON.stringify(Object.keys(expected)) !== "[]" && hasAsymmetric(expected, 0)) {
        if (typeof value !== "object" || value === null || Array.isArray(value) !== Array.isArray(expected))
          return false
        const keys = new Set([...Object.keys(value), ...Object.keys(expected)])
        return [...keys].every((key) => like(value[key], expected[key], mode))
      }
    }
    return equal(value, expected, mode)
  }
  const hasAsymmetric = (value: any, depth: number): boolean =>
    typeof value === "object" &&
    value !== null &&
    depth < 20 &&
    (value[asymmetric] !== undefined || Object.values(value).some((each) => hasAsymmetric(each, depth + 1)))

  const contains = (value: any, part: any): boolean =>
    typeof part === "object" && part !== null && typeof value === "object" && value !== null && !Array.isArray(part)
      ? Object.keys(part).every((key) =>
          part[key]?.[asymmetric] ? part[key][asymmetric](value[key]) : contains(value[key], part[key]),
        )
      : like(value, part, "data")

  function throwsLike(thrown: { error: unknown } | null, expected: unknown): boolean {
    if (thrown === null) return false
    const { error } = thrown
    const message = error instanceof Error ? error.message : String(error)
    if (expected === undefined) return true
    if (typeof expected === "string") return message.includes(expected)
    if (expected instanceof RegExp) return expected.test(message)
    if (typeof expected === "function") return error instanceof expected
    return message === (expected as Error).message
  }

  const property = (value: any, path: unknown): { value: unknown } | null => {
    for (const key of Array.isArray(path) ? path : String(path).split(".")) {
      if (value === null || value === undefined || !(key in Object(value))) return null
      value = value[key]
    }
    return { value }
  }

  const matchers: Record<string, (value: any, ...args: any[]) => boolean> = {
    toBe: (value, expected) => Object.is(value, expected),
    toEqual: (value, expected) => like(value, expected, "data"),
    toStrictEqual: (value, expected) => like(value, expected, "strict"),
    toBeTruthy: (value) => Boolean(value),
    toBeFalsy: (value) => !value,
    toBeNull: (value) => value === null,
    toBeUndefined: (value) => value === undefined,
    toBeDefined: (value) => value !== undefined,
    toBeNaN: (value) => Number.isNaN(value),
    toBeCloseTo: (value, expected, digits = 2) => value === expected || Math.abs(value - expected) < 10 ** -digits / 2,
    toBeGreaterThan: (value, than) => value > than,
    toBeGreaterThanOrEqual: (value, than) => value >= than,
    toBeLessThan: (value, than) => value < than,
    toBeLessThanOrEqual: (value, than) => value <= than,
    toContain: (value, part) => (typeof value === "string" ? value.includes(part) : [...value].includes(part)),
    toContainEqual: (value, part) => [...value].some((each) => like(each, part, "data")),
    toHaveLength: (value, length) => value.length === length,
    toHaveProperty: (value, path, ...expected) => {
      const found = property(value, path)
      return found !== null && (expected.length === 0 || like(found.value, expected[0], "data"))
    },
    toMatch: (value, pattern) => (typeof pattern === "string" ? value.includes(pattern) : pattern.test(value)),
    toMatchObject: (value, part) => contains(value, part),
    toBeInstanceOf: (value, kind) => value instanceof kind,
    toThrow: throwsLike,
    toThrowError: throwsLike,
    toHaveBeenCalled: (mock) => mock.mock.calls.length > 0,
    toHaveBeenCalledTimes: (mock, times) => mock.mock.calls.length === times,
    toHaveBeenCalledWith: (mock, ...args) => mock.mock.calls.some((call: unknown[]) => like(call, args, "data")),
    toHaveBeenLastCalledWith: (mock, ...args) => like(mock.mock.calls.at(-1), args, "data"),
  }

  function caught(run: any): { error: unknown } | null {
    try {
      run()
      return null
    } catch (error) {
      return { error }
    }
  }

  function check(name: string, value: unknown, args: unknown[], negated: boolean): void {
    reached++
    const held = matchers[name]!(value, ...args)
    if (held !== negated) return
    const got = name.startsWith("toThrow")
      ? value === null
        ? "nothing thrown"
        : shown((value as any).error?.message ?? (value as any).error)
      : shown(value)
    throw new ExpectationError(
      `expected ${got} ${negated ? "not " : ""}${name}${args.length > 0 ? ` ${args.map(shown).join(", ")}` : ""}`,
    )
  }

  function expecting(value: unknown, negated: boolean, settles: "resolves" | "rejects" | null): any {
    return new Proxy(
      {},
      {
        get(_, name) {
          if (name === "not") return expecting(value, !negated, settles)
          if (name === "resolves" || name === "rejects") return expecting(value, negated, name)
          if (typeof name !== "string" || !Object.hasOwn(matchers, name))
            throw unsupported(`the tests use expect().${String(name)}`)
          const throws = name.startsWith("toThrow")
          if (settles === null)
            return (...args: unknown[]) => check(name, throws ? caught(value) : value, args, negated)
          return async (...args: unknown[]) => {
            const outcome = await Promise.resolve(typeof value === "function" ? value() : value).then(
              (result) => ({ result }),
              (error) => ({ error }),
            )
            if ((settles === "rejects") !== "error" in outcome)
              throw new ExpectationError(`expected a promise that ${settles}`)
            const settled = "error" in outcome ? outcome.error : outcome.result
            check(name, throws ? { error: settled } : settled, args, negated)
          }
        },
      },
    )
  }

  const expect: any = (value: unknown) => expecting(value, false, null)
  Object.assign(expect, {
    anything: () => matches((value) => value !== null && value !== undefined),
    any: (kind: any) => matches((value) => value instanceof kind || Object(value) instanceof kind),
    arrayContaining: (parts: unknown[]) =>
      matches((value) => Array.isArray(value) && parts.every((part) => value.some((each) => like(each, part, "data")))),
    objectContaining: (part: object) => matches((value) => contains(value, part)),
    stringContaining: (part: string) => matches((value) => typeof value === "string" && value.includes(part)),
    stringMatching: (pattern: string | RegExp) =>
      matches((value) => typeof value === "string" && new RegExp(pattern).test(value)),
    closeTo: (number: number, digits = 2) => matches((value) => Math.abs(value - number) < 10 ** -digits / 2),
    assertions() {},
    hasAssertions() {},
  })

  /** A function that notes its calls. */
  function mockFunction(does: (...args: any[]) => unknown = () => undefined): any {
    const mock = { calls: [] as unknown[][], results: [] as unknown[] }
    const once: ((...args: any[]) => unknown)[] = []
    const made: any = function (this: unknown, ...args: unknown[]) {
      mock.calls.push(args)
      const value = Reflect.apply(once.shift() ?? does, this, args)
      mock.results.push({ type: "return", value })
      return value
    }
    const doing = (next: (...args: any[]) => unknown) => {
      does = next
      return made
    }
    const doingOnce = (next: (...args: any[]) => unknown) => {
      once.push(next)
      return made
    }
    return Object.assign(made, {
      mock,
      mockImplementation: doing,
      mockReturnValue: (value: unknown) => doing(() => value),
      mockResolvedValue: (value: unknown) => doing(async () => value),
      mockRejectedValue: (value: unknown) => doing(async () => Promise.reject(value)),
      mockReturnValueOnce: (value: unknown) => doingOnce(() => value),
      mockImplementationOnce: doingOnce,
      mockResolvedValueOnce: (value: unknown) => doingOnce(async () => value),
      mockRejectedValueOnce: (value: unknown) => doingOnce(async () => Promise.reject(value)),
      mockClear() {
        mock.calls.length = 0
        mock.results.length = 0
      },
    })
  }
  const jest = new Proxy(
    { fn: mockFunction },
    {
      get(target, name) {
        if (name === "fn") return target.fn
        throw unsupported(`the tests use jest.${String(name)}`)
      },
    },
  )

  const hook = (of: "before" | "beforeEach" | "after" | "afterEach") => (run: Hook) => void open[of].push(run)
  return {
    globals: {
      describe,
      suite: describe,
      it,
      test: it,
      expect,
      jest,
      before: hook("before"),
      beforeAll: hook("before"),
      beforeEach: hook("beforeEach"),
      after: hook("after"),
      afterAll: hook("after"),
      afterEach: hook("afterEach"),
    },
    get reached() {
      return reached
    },
    reach() {
      reached++
    },
    get failure() {
      return failure
    },
    fail(detail) {
      failure ??= detail
    },
    async run() {
      try {
        await runGroup(root, [])
      } catch (error) {
        if (failingCase !== null && error instanceof Error) error.message = `${failingCase}: ${error.message}`
        throw error
      }
    },
  }
}
