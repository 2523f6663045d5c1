// biome-ignore-all lint/suspicious/noExplicitAny: values of programs and of tests have any shape
import type { TestFunctions } from "./test-functions.ts"

/** Self-contained. `node:assert` for an engine that has none. */
export function javascriptAssertions(
  equal: (a: unknown, b: unknown, mode: "strict" | "loose" | "data") => boolean,
): any {
  class AssertionError extends Error {
    override name = "AssertionError"
  }
  const shown = (value: unknown) => {
    try {
      return (typeof value === "object" ? JSON.stringify(value) : String(value)).slice(0, 120)
    } catch {
      return typeof value
    }
  }
  function check(held: unknown, message: unknown, standard: string): void {
    if (held) return
    if (message instanceof Error) throw message
    throw new AssertionError(message === undefined ? standard : String(message))
  }
  const matches = (error: any, expected: any): boolean => {
    if (expected === undefined || typeof expected === "string") return true
    if (expected instanceof RegExp) return expected.test(String(error))
    if (typeof expected === "function") {
      if (expected.prototype !== undefined && error instanceof expected) return true
      if (expected === Error || expected.prototype instanceof Error) return false
      return expected(error) === true
    }
    return Object.keys(expected).every((key) => {
      const [wanted, got] = [expected[key], error?.[key]]
      return wanted instanceof RegExp && typeof got === "string" ? wanted.test(got) : equal(got, wanted, "strict")
    })
  }
  const assert: any = (value: unknown, message?: unknown) => check(value, message, `${shown(value)} is not truthy`)
  const compare = (name: string, holds: (a: any, b: any) => boolean) => (a: unknown, b: unknown, message?: unknown) =>
    check(holds(a, b), message, `${name}: got ${shown(a)}, expected ${shown(b)}`)
  // biome-ignore lint/suspicious/noDoubleEquals: what loose equality is.
  const loosely = (a: any, b: any) => a == b || (Number.isNaN(a) && Number.isNaN(b))
  const table: Record<string, (a: any, b: any) => boolean> = {
    equal: loosely,
    notEqual: (a, b) => !loosely(a, b),
    strictEqual: Object.is,
    notStrictEqual: (a, b) => !Object.is(a, b),
    deepEqual: (a, b) => equal(a, b, "loose"),
    notDeepEqual: (a, b) => !equal(a, b, "loose"),
    deepStrictEqual: (a, b) => equal(a, b, "strict"),
    notDeepStrictEqual: (a, b) => !equal(a, b, "strict"),
    match: (text, pattern) => typeof text === "string" && pattern.test(text),
    doesNotMatch: (text, pattern) => typeof text !== "string" || !pattern.test(text),
  }
  for (const name of Object.keys(table)) assert[name] = compare(name, table[name]!)
  async function outcome(run: any): Promise<{ error?: unknown }> {
    try {
      await (typeof run === "function" ? run() : run)
      return {}
    } catch (error) {
      return { error }
    }
  }
  Object.assign(assert, {
    AssertionError,
    ok: assert,
    fail: (message?: unknown) => check(false, message, "failed"),
    ifError: (value: unknown) => check(value === null || value === undefined, undefined, `got ${shown(value)}`),
    throws(run: () => void, expected?: unknown, message?: unknown) {
      let thrown: { error: unknown } | null = null
      try {
        run()
      } catch (error) {
        thrown = { error }
      }
      check(thrown !== null, message, "nothing was thrown")
      if (!matches(thrown!.error, expected)) throw thrown!.error
    },
    doesNotThrow(run: () => void) {
      run()
    },
    async rejects(run: unknown, expected?: unknown, message?: unknown) {
      const got = await outcome(run)
      check("error" in got, message, "nothing was rejected")
      if (!matches(got.error, expected)) throw got.error
    },
    async doesNotReject(run: unknown) {
      const got = await outcome(run)
      if ("error" in got) throw got.error
    },
  })
  assert.strict = Object.assign((value: unknown, message?: unknown) => assert(value, message), assert, {
    equal: assert.strictEqual,
    notEqual: assert.notStrictEqual,
    deepEqual: assert.deepStrictEqual,
    notDeepEqual: assert.notDeepStrictEqual,
  })
  return assert
}

/** Self-contained. An assertion module of which every check is counted. */
export function countedAssertions(assert: any, functions: TestFunctions): any {
  const counted =
    (run: any) =>
    (...args: unknown[]) => {
      functions.reach()
      return run(...args)
    }
  const all = (of: any): any => {
    const made: any = counted(of)
    for (const key of Object.keys(of)) {
      const value = of[key]
      // A class is no check.
      if (key !== "strict") made[key] = typeof value === "function" && !/^[A-Z]/.test(key) ? counted(value) : value
    }
    return made
  }
  const made = all(assert)
  made.strict = all(assert.strict)
  made.strict.strict = made.strict
  return made
}
