// biome-ignore-all lint/suspicious/noExplicitAny: values of programs and of tests have any shape
import type { QuickJSContext, QuickJSHandle, QuickJSWASMModule } from "quickjs-emscripten"

/** What Node has and this engine lacks: global names, and members of those that both have. */
export interface EngineShape {
  readonly [global: string]: { readonly own: readonly string[]; readonly inherited: readonly string[] }
}

/** The shape of the engine that runs this. */
export function ownShape(): EngineShape {
  const shape: Record<string, { own: string[]; inherited: string[] }> = {}
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    // Some warn when they are read.
    const value = Object.getOwnPropertyDescriptor(globalThis, name)?.value
    const members = (of: any) => (of === null || of === undefined ? [] : Object.getOwnPropertyNames(of))
    const hasMembers =
      typeof value === "function" || (typeof value === "object" && value !== null && value !== globalThis)
    shape[name] = {
      own: hasMembers ? members(value) : [],
      inherited: typeof value === "function" ? members(value.prototype) : [],
    }
  }
  for (const name of ["Buffer", "process", "require", "setImmediate"]) shape[name] ??= { own: [], inherited: [] }
  return shape
}

/**
 * Self-contained. Puts something where the engine lacks what Node has, or does it in another way, that says so when it is used: what fails
 * then may be the engine's fault.
 */
export function noteDifferences(shapeText: string, touch: (name: string) => void): void {
  const shape = JSON.parse(shapeText) as EngineShape
  const scope = globalThis as any
  const lack = (of: object, key: string, name: string) =>
    Object.defineProperty(of, key, {
      configurable: true,
      get() {
        touch(name)
        return undefined
      },
      set(value) {
        Object.defineProperty(this, key, { value, writable: true, configurable: true, enumerable: true })
      },
    })
  const differ = (of: any, key: string, name: string) => {
    const does = of[key]
    of[key] = function (...args: unknown[]) {
      touch(name)
      return Reflect.apply(does, this, args)
    }
  }
  const silent = () => {}
  scope.console = Object.fromEntries(
    [
      "log",
      "error",
      "warn",
      "info",
      "debug",
      "table",
      "assert",
      "time",
      "timeEnd",
      "trace",
      "dir",
      "group",
      "groupEnd",
    ].map((name) => [name, silent]),
  )
  scope.global = scope
  if (Error.captureStackTrace === undefined) (Error as any).captureStackTrace = silent
  for (const name of Object.keys(shape)) {
    const { own, inherited } = shape[name]!
    if (!(name in scope)) {
      lack(scope, name, name)
      continue
    }
    const value = scope[name]
    if (name === "console" || (typeof value !== "function" && typeof value !== "object") || value === scope) continue
    for (const key of own) if (!(key in value)) lack(value, key, `${name}.${key}`)
    if (value.prototype)
      for (const key of inherited) if (!(key in value.prototype)) lack(value.prototype, key, `${name}.prototype.${key}`)
  }
  for (const kind of [String, Number, Array, Date, BigInt] as any[])
    for (const key of Object.getOwnPropertyNames(kind.prototype))
      if (key.includes("Locale") || key === "localeCompare")
        differ(kind.prototype, key, `the locales of ${kind.name}.prototype.${key}`)
}

/** A realm of its own in a QuickJS of its own. */
export class QuickJsRealm {
  readonly #context: QuickJSContext

  constructor(module: QuickJSWASMModule, memoryBytes: number, interrupt: () => boolean) {
    const runtime = module.newRuntime()
    runtime.setMemoryLimit(Math.min(memoryBytes, (1 << 30) - (64 << 20)))
    runtime.setMaxStackSize(stackBytes)
    runtime.setInterruptHandler(interrupt)
    this.#context = runtime.newContext()
  }

  /**
   * Evaluates a harness: a function's text, called with host functions from texts to texts, and with `run` and `check` of scripts.
   * It gives an object of such functions.
   */
  load(harness: string, host: Record<string, (text: string) => string>): void {
    const context = this.#context
    const made: QuickJSHandle[] = []
    for (const [name, does] of Object.entries(host))
      made.push(context.newFunction(name, (text) => context.newString(does(context.getString(text)))))
    made.push(
      context.newFunction("run", (text) => context.evalCode(context.getString(text), "program.js")),
      context.newFunction("check", (text) => {
        const compiled = context.evalCode(context.getString(text), "program.js", { compileOnly: true })
        if (compiled.error) return compiled
        compiled.value.dispose()
        return context.undefined
      }),
    )
    const build = context.unwrapResult(context.evalCode(harness, "harness.js"))
    const built = context.unwrapResult(context.callFunction(build, context.undefined, ...made))
    context.setProp(context.global, handleName, built)
    this.#api = built
    // Programs do not find it: it is known here.
    context.unwrapResult(context.evalCode(`delete globalThis.${handleName}`, "harness.js")).dispose()
  }

  #api: QuickJSHandle | null = null

  /** Calls a function of the harness. Throws a QuickJsError for what it throws. */
  call(name: string, text = ""): string {
    const context = this.#context
    const does = context.getProp(this.#api!, name)
    const given = context.newString(text)
    const result = context.callFunction(does, context.undefined, given)
    does.dispose()
    given.dispose()
    if (result.error) {
      const said = context.dump(result.error)
      result.error.dispose()
      throw new QuickJsError(typeof said === "object" && said !== null ? `${said.name}: ${said.message}` : String(said))
    }
    const value = context.getString(result.value)
    result.value.dispose()
    return value
  }

  /** Runs what waits in promises. Returns how many did. */
  runJobs(): number {
    const ran = this.#context.runtime.executePendingJobs(10_000)
    if (!ran.error) return ran.value
    const said = this.#context.dump(ran.error)
    ran.error.dispose()
    throw new QuickJsError(String(said?.message ?? said))
  }
}

const handleName = "__harness"
const stackBytes = 512 << 10

/** What a harness threw, in one line. */
export class QuickJsError extends Error {}
