// biome-ignore-all lint/suspicious/noExplicitAny: values of programs and of tests have any shape
import type { Codec, Wire } from "./codec.ts"
import type { Remotes, TestsEnd } from "./remotes.ts"
import type { TestFunctions } from "./test-functions.ts"

/** What the engine that runs tests offers to the tester's side. */
export interface TestEngine {
  /** Runs a text as a global script. */
  run(text: string): any
  /** Throws a SyntaxError when a text is no script. */
  check(text: string): void
  /** Sends a message to the program's side and gives the reply; answers what it asks meanwhile. */
  ask(message: Wire): Wire
  /** A module of the engine's own, or null. */
  module(name: string): unknown
}

/** The parts of the tester's side, which are all self-contained functions. */
export interface TesterParts {
  codec: Codec
  remotes(codec: Codec, ask: (message: Wire) => Wire, end: TestsEnd, engine: unknown): Remotes
  functions(equal: any, unsupported: (detail: string) => Error): TestFunctions
  equality(): any
  counted(assert: any, functions: TestFunctions): any
}

/** What a tester is told of a job. */
export interface TesterJob {
  tests: readonly string[]
  entryPoint: string | null
}

export interface TesterOutcome {
  status: "passed" | "failed" | "died" | "unsupported" | "tests-broken" | "syntax"
  detail: string
}

/** The tests of one job. */
export interface RunningTests {
  readonly remotes: Remotes
  /** Runs them all, once. */
  run(): Promise<TesterOutcome>
  /** The outcome when something was thrown where nothing catches it. */
  failed(error: unknown): TesterOutcome
  /** The outcome in the end, when nothing more can happen. */
  last(outcome: TesterOutcome): TesterOutcome
}

/** Self-contained. Runs tests in this realm, in which the names that they use of the program stand for what the program has. */
export function javascriptTester(engine: TestEngine, parts: TesterParts, loaded: Wire, job: TesterJob): RunningTests {
  const scope = globalThis as any
  const end: TestsEnd = { status: null, detail: "" }
  const process = engine.module("process") as NodeJS.Process | null
  const remotes = parts.remotes(parts.codec, engine.ask, end, process)
  const unsupported = (detail: string) => {
    end.status ??= "unsupported"
    end.detail ||= detail
    return new Error(detail)
  }
  const functions = parts.functions(parts.equality(), unsupported)
  const text = job.tests.join("\n")

  const outcome = (status: TesterOutcome["status"], detail = ""): TesterOutcome =>
    end.status === null
      ? { status, detail: detail.slice(0, 600) }
      : { status: end.status, detail: end.detail.slice(0, 600) }

  function say(error: unknown): string {
    try {
      if (error instanceof Error) return `${error.name}: ${error.message}`.slice(0, 400)
      return `thrown: ${String(error)}`.slice(0, 400)
    } catch {
      return "something was thrown"
    }
  }

  const failed = (error: unknown): TesterOutcome =>
    error instanceof MissingModule ? outcome("tests-broken", error.message) : outcome("failed", say(error))

  class MissingModule extends Error {}

  const assert = parts.counted(engine.module("assert"), functions)

  function required(name: string): unknown {
    const plain = name.replace(/^node:/, "")
    if (plain === "assert") return assert
    if (plain === "assert/strict") return assert.strict
    if (plain === "test")
      return Object.assign(functions.globals.it as object, functions.globals, { default: functions.globals.it })
    if (name === "@jest/globals" || name === "vitest" || name === "mocha")
      return { ...functions.globals, vi: functions.globals.jest }
    if (/^\.{0,2}\//.test(name)) {
      const exports = remotes.exports()
      if (typeof exports === "function")
        return new Proxy(exports, {
          get: (_, key) => (typeof key === "string" && Object.hasOwn(bound, key) ? bound[key] : (exports as any)[key]),
        })
      return new Proxy(Object(exports), {
        get: (_, key) =>
          exports !== null && key in (exports as object)
            ? (exports as any)[key]
            : typeof key === "string"
              ? bound[key]
              : undefined,
        has: (_, key) => key in bound || (exports !== null && key in (exports as object)),
      })
    }
    const found = engine.module(plain)
    if (found === null) throw new MissingModule(`the tests need the module ${name}`)
    return found
  }

  /** `import` as the statements of a script. */
  function asScript(source: string): string {
    const list = (names: string) => names.replace(/\s+as\s+/g, ": ")
    const from = String.raw`\s*from\s*(["'][^"']+["'])`
    return source
      .replace(
        new RegExp(String.raw`(?<=^|;)\s*import\s+([\w$]+)\s*,\s*\{([^}]*)\}${from}`, "gm"),
        (_, name, names, of) => `const ${name} = __default(require(${of})), {${list(names)}} = require(${of})`,
      )
      .replace(new RegExp(String.raw`(?<=^|;)\s*import\s*\*\s*as\s+([\w$]+)${from}`, "gm"), "const $1 = require($2)")
      .replace(
        new RegExp(String.raw`(?<=^|;)\s*import\s*\{([^}]*)\}${from}`, "gm"),
        (_, names, of) => `const {${list(names)}} = require(${of})`,
      )
      .replace(new RegExp(String.raw`(?<=^|;)\s*import\s+([\w$]+)${from}`, "gm"), "const $1 = __default(require($2))")
      .replace(/(?<=^|;)\s*import\s*(["'][^"']+["'])/gm, "require($1)")
      .replace(/(?<=^|;)\s*export\s+(?:default\s+)?(?=(?:async|function|class|const|let|var)\b)/gm, "")
  }

  /** A text as something that runs: a script, or what awaits at its top, or what declares again what an earlier text did. */
  function readable(source: string): string[] | null {
    for (const each of new Set([source, asScript(source)])) {
      for (const way of [each, `(async () => {\n${each}\n})()`])
        try {
          engine.check(way)
          return way === each ? [each, `{\n${each}\n}`] : [way]
        } catch {}
    }
    return null
  }

  async function runText(source: string): Promise<void> {
    const ways = readable(source)!
    let value: any
    try {
      value = engine.run(ways[0]!)
    } catch (error) {
      const again = error instanceof SyntaxError && /already been declared|redeclaration/.test(error.message)
      if (!again || ways[1] === undefined) throw error
      value = engine.run(ways[1])
    }
    if (value instanceof Promise) await value
  }

  const calls = (name: string) =>
    new RegExp(`(?<!function\\s+|[\\w$.])${name.replaceAll("$", "\\$")}\\s*\\(`).test(text)
  const functionNamed = (name: string) => {
    try {
      return engine.run(`typeof ${name} === "function" ? ${name} : null`)
    } catch {
      return null
    }
  }

  let bound: Record<string, unknown> = {}

  function bind(): TesterOutcome | null {
    const words = new Set(text.match(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu) ?? [])
    const { entryPoint } = job
    if (entryPoint !== null) words.add(entryPoint)
    const before = [...words].filter((word) => (word === entryPoint || !(word in scope)) && !reserved.has(word))
    Object.assign(scope, functions.globals, { assert, require: required, module: { exports: {} } })
    scope.exports = scope.module.exports
    Object.defineProperty(scope, "__default", { value: (of: any) => of?.default ?? of, configurable: true })
    const own = new Set([...Object.keys(functions.globals), "assert", "require", "module", "exports", "__default"])
    bound = remotes.names(before.filter((word) => word === entryPoint || !own.has(word)).toSorted())
    for (const name of Object.keys(bound))
      Object.defineProperty(scope, name, { value: bound[name], writable: true, configurable: true, enumerable: true })
    if (entryPoint !== null && !Object.hasOwn(bound, entryPoint)) {
      const exports = remotes.exports()
      if (typeof exports !== "function") return outcome("failed", `the program defines no ${entryPoint}`)
      bound[entryPoint] = scope[entryPoint] = exports
    }
    if (entryPoint !== null && !Object.hasOwn(bound, "candidate")) scope.candidate = scope[entryPoint]
    return null
  }
  const reserved = new Set(
    "await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield undefined NaN Infinity arguments eval async of get set".split(
      " ",
    ),
  )

  function guard(): void {
    console.assert = (held?: unknown, ...said: unknown[]) => {
      functions.reach()
      if (!held) functions.fail(`console.assert: ${said.map(String).join(" ") || "a value that is not truthy"}`)
    }
    for (const name of ["log", "error", "warn", "info", "debug", "table"]) (console as any)[name] = () => {}
    if (process !== null)
      process.exit = (code?: number) => {
        if (code) throw new Error(`the tests end with exit code ${code}`)
        throw new Error("the tests end early")
      }
  }

  async function whole(): Promise<TesterOutcome> {
    if (!Array.isArray(loaded)) return outcome("died", "the program's process sent a malformed answer")
    const [status, fault] = loaded as [string, Wire]
    if (status === "syntax") return outcome("syntax", String(fault))
    if (status === "failed") return outcome("failed", `the program threw ${say(remotes.thrown(fault))}`)
    for (const source of job.tests)
      if (readable(source) === null) return outcome("tests-broken", "the tests do not compile")
    const throwing = /\bthrow\b/.test(text)
    if (!throwing && !/\bassert\b|\bexpect\s*\(|\bassert\w*\s*\(/.test(text))
      return outcome("tests-broken", "the tests check nothing")
    const missing = bind()
    if (missing !== null) return missing
    guard()
    for (const [at, source] of job.tests.entries()) {
      try {
        await runText(source)
      } catch (error) {
        if (job.tests.length > 1 && error instanceof Error)
          error.message = `test ${at + 1} of ${job.tests.length}: ${error.message}`
        throw error
      }
      if (functions.failure !== null) return outcome("failed", functions.failure)
    }
    for (const name of new Set(
      text.match(/(?<=\b(?:function\s*\*?|const|let|var)\s+)(?:check|test[\w$]*)(?![\w$])/g) ?? [],
    )) {
      if (calls(name) || Object.hasOwn(bound, name)) continue
      const check = functionNamed(name)
      if (name === "check" && job.entryPoint === null) continue
      if (check !== null) await check(...(name === "check" || check.length === 1 ? [scope[job.entryPoint ?? ""]] : []))
    }
    await functions.run()
    return outcome("passed")
  }

  async function run(): Promise<TesterOutcome> {
    try {
      return await whole()
    } catch (error) {
      return failed(error)
    }
  }

  function last(so: TesterOutcome): TesterOutcome {
    if (so.status !== "passed" || end.status !== null) return outcome(so.status, so.detail)
    if (functions.failure !== null) return outcome("failed", functions.failure)
    if (functions.reached === 0 && !/\bthrow\b/.test(text)) return outcome("failed", "no assertion was reached")
    return so
  }

  return { remotes, run, failed, last }
}
