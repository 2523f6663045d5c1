// biome-ignore-all lint/suspicious/noExplicitAny: values of programs and of tests have any shape
import type { Codec, Wire } from "./codec.ts"

/** What the engine that runs a program offers to the candidate's side. */
export interface CandidateEngine {
  /** Runs a text as a global script; throws what it throws. */
  run(text: string): unknown
  /** Throws a SyntaxError when a text is no script. */
  check(text: string): void
  /** Asks the tester, and serves it until the answer comes. */
  askBack(message: Wire): Wire
}

/** The candidate's side of a job. */
export interface Candidate {
  /** Runs the first of the alternatives that compiles. Gives `["loaded"]`, `["syntax", text]` or `["failed", error]`. */
  load(alternatives: readonly (readonly string[])[]): Wire
  /** Does what the tester asks: `["ok", value, arguments | null]` or `["no", thrown]`. */
  answer(message: readonly any[]): Wire
  /** Promises of the program that have settled since it was asked last, after those of the tests that have are told. */
  settled(ofTests: readonly any[]): Wire
  /** Called whenever a promise of the program settles. */
  onSettled: () => void
}

/**
 * Self-contained. The candidate's side: loads the program as a global script and does what the tester asks. It runs in the
 * program's own realm, so nothing here is trusted by anyone: whatever the program does to it, it can only answer calls.
 */
export function javascriptCandidate(codec: Codec, engine: CandidateEngine): Candidate {
  const kept: any[] = []
  const numbers = new Map<unknown, number>()
  const stubs = new Map<number, object>()
  const wires = new WeakMap<object, Wire>()
  const settledNow: unknown[] = []
  const ofTests = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>()
  const module: { exports: any } = { exports: {} }
  const evaluate = Reflect.get(globalThis, "eval") as (text: string) => unknown
  const firstExports = module.exports

  function keep(value: unknown): number {
    let number = numbers.get(value)
    if (number === undefined) {
      number = kept.length
      numbers.set(value, number)
      kept.push(value)
    }
    return number
  }

  function symbolWire(value: symbol): Wire {
    for (const name of ["iterator", "asyncIterator", "hasInstance", "toPrimitive", "toStringTag", "species"])
      if ((Symbol as any)[name] === value) return ["y", name]
    return ["k", keep(value)]
  }

  function reference(value: object | symbol): Wire {
    if (typeof value === "symbol") return symbolWire(value)
    const known = wires.get(value)
    if (known !== undefined) return known
    if (typeof value === "function") {
      for (const name of builtinErrors) if ((globalThis as any)[name] === value) return ["X", name]
      return ["f", keep(value), String((value as { name: unknown }).name), (value as { length: number }).length]
    }
    if (value instanceof Error) return error(value)
    if (value instanceof Promise) return promise(value)
    return ["o", keep(value)]
  }

  const packed = (value: unknown): Wire => codec.pack(value, reference)

  function promise(value: Promise<unknown>): Wire {
    if (!numbers.has(value)) {
      const number = keep(value)
      const settle = (fulfilled: boolean) => (result: unknown) => {
        let wire: Wire
        try {
          wire = packed(result)
        } catch (fault) {
          fulfilled = false
          wire = packed(fault)
        }
        settledNow.push([number, fulfilled, wire])
        candidate.onSettled()
      }
      value.then(settle(true), settle(false))
    }
    return ["p", keep(value)]
  }

  const builtinErrors = [
    "AggregateError",
    "EvalError",
    "RangeError",
    "ReferenceError",
    "SyntaxError",
    "TypeError",
    "URIError",
    "Error",
  ]

  function error(value: Error): Wire {
    let base = "Error"
    for (const name of builtinErrors)
      if (typeof (globalThis as any)[name] === "function" && value instanceof (globalThis as any)[name]) {
        base = name
        break
      }
    const own = value.constructor
    const isBuiltin = builtinErrors.some((name) => (globalThis as any)[name] === own)
    const members: Record<string, unknown> = {}
    for (const key of Object.keys(value)) members[key] = (value as any)[key]
    let wires: Wire
    try {
      wires = packed(members)
    } catch {
      wires = ["d"]
    }
    const text = (of: unknown) => {
      try {
        return String(of).slice(0, 4_000)
      } catch {
        return ""
      }
    }
    return [
      "e",
      keep(value),
      base,
      isBuiltin || typeof own !== "function" ? null : reference(own),
      text(value.name),
      text(value.message),
      wires,
    ]
  }

  function foreign(wire: readonly any[]): unknown {
    switch (wire[0]) {
      case "r":
        return kept[wire[1]]
      case "y":
        return (Symbol as any)[wire[1]]
      case "X":
        return (globalThis as any)[wire[1]]
      case "E": {
        const made = new (globalThis as any)[wire[1]](wire[3])
        if (made.name !== wire[2]) made.name = wire[2]
        return made
      }
      case "F":
      case "O":
        return stub(wire)
      case "P": {
        let resolvers: any
        const made = new Promise((resolve, reject) => {
          resolvers = { resolve, reject }
        })
        ofTests.set(wire[1], resolvers)
        wires.set(made, wire)
        return made
      }
    }
    throw new TypeError("unknown value")
  }

  const opened = (wire: Wire) => codec.unpack(wire, foreign)

  function ask(...message: unknown[]): unknown {
    const [status, value] = engine.askBack(["back", ...message]) as [string, Wire]
    if (status === "ok") return opened(value)
    throw opened(value)
  }

  /** What stands here for a function or an object of the tests. */
  function stub(wire: readonly any[]): object {
    const [tag, number, name, length] = wire
    const known = stubs.get(number)
    if (known !== undefined) return known
    const key = (of: string | symbol) => (typeof of === "symbol" ? symbolWire(of) : of)
    let made: object
    if (tag === "F") {
      made = function (this: unknown, ...args: unknown[]) {
        return ask("call", number, this === globalThis ? ["u"] : packed(this), packed(args))
      }
      Object.defineProperty(made, "name", { value: name })
      Object.defineProperty(made, "length", { value: length })
    } else
      made = new Proxy(
        {},
        {
          get: (_, of) => ask("get", number, key(of)),
          has: (_, of) => ask("has", number, key(of)) === true,
          set: (_, of, value) => ask("set", number, key(of), packed(value)) !== false,
          ownKeys: () => ask("keys", number) as string[],
          getOwnPropertyDescriptor: (_, of) =>
            ask("has", number, key(of)) === true
              ? { value: ask("get", number, key(of)), writable: true, enumerable: true, configurable: true }
              : undefined,
        },
      )
    stubs.set(number, made)
    wires.set(made, ["R", number])
    return made
  }

  function named(name: string): unknown {
    const { exports } = module
    if (exports !== null && (typeof exports === "object" || typeof exports === "function")) {
      if (Object.hasOwn(exports, name)) return exports[name]
      // What is exported under no name of its own is the program.
      if (typeof exports === "function" && exports.name === name) return exports
    }
    try {
      return engine.run(name)
    } catch {
      return undefined
    }
  }

  function perform(message: readonly any[]): [unknown, Wire | null] {
    const [op, number] = message
    const key = () => (typeof message[2] === "string" ? message[2] : (opened(message[2]) as string | symbol))
    switch (op) {
      case "call": {
        const [, , receiver, sent, constructs] = message
        const args = opened(sent) as unknown[]
        const result = constructs
          ? Reflect.construct(kept[number], args)
          : Reflect.apply(kept[number], opened(receiver), args)
        const now = packed(args)
        const changed = JSON.stringify(now) === JSON.stringify(sent) ? null : now
        if (typeof result === "object" && result !== null && codec.isPlain(result)) {
          const same = args.indexOf(result)
          if (same >= 0) return [["A", same], changed]
        }
        return [packed(result), changed]
      }
      case "get":
        return [packed(kept[number][key()]), null]
      case "set":
        kept[number][key()] = opened(message[3])
        return [null, null]
      case "delete":
        return [delete kept[number][key()], null]
      case "has":
        return [key() in kept[number], null]
      case "own": {
        const own = Object.getOwnPropertyDescriptor(kept[number], key())
        if (own === undefined) return [null, null]
        return [["l", packed(kept[number][key()]), own.enumerable === true], null]
      }
      case "keys":
        return [packed(Reflect.ownKeys(kept[number])), null]
      case "prototype": {
        const prototype = Object.getPrototypeOf(kept[number])
        if (prototype === null) return [null, null]
        for (const name of ["Object", "Function", "Array", "Map", "Set", "Error", "Promise"])
          if ((globalThis as any)[name].prototype === prototype) return [name, null]
        return [["o", keep(prototype)], null]
      }
      case "instance":
        return [kept[number] instanceof kept[message[2]], null]
      case "names": {
        const found: unknown[] = ["d"]
        for (const name of message[1]) {
          const value = named(name)
          if (value !== undefined) found.push(name, packed(value))
        }
        return [found, null]
      }
      case "exports": {
        const { exports } = module
        const own = exports !== firstExports || Object.keys(exports).length > 0
        return [own && exports !== null && typeof exports !== "string" ? packed(exports) : null, null]
      }
    }
    throw new TypeError("unknown request")
  }

  /** `import` and `export` of a module as the statements of a script. */
  function asScript(text: string): string {
    const list = (names: string) => names.replace(/\s+as\s+/g, ": ")
    return text
      .replace(
        /(^|;)[ \t]*import\s+(\w+)\s*,\s*\{([^}]*)\}\s*from\s*(["'][^"']+["'])/gm,
        (_, indent, name, names, from) =>
          `${indent}const ${name} = __default(require(${from})), {${list(names)}} = require(${from})`,
      )
      .replace(/(^|;)[ \t]*import\s*\*\s*as\s+([\w$]+)\s+from\s*(["'][^"']+["'])/gm, "$1const $2 = require($3)")
      .replace(
        /(^|;)[ \t]*import\s*\{([^}]*)\}\s*from\s*(["'][^"']+["'])/gm,
        (_, indent, names, from) => `${indent}const {${list(names)}} = require(${from})`,
      )
      .replace(/(^|;)[ \t]*import\s+([\w$]+)\s+from\s*(["'][^"']+["'])/gm, "$1const $2 = __default(require($3))")
      .replace(/(^|;)[ \t]*import\s*(["'][^"']+["'])/gm, "$1require($2)")
      .replace(/(^|;)[ \t]*export\s+default\s+(?=(?:async\s+)?function\s*\*?\s*[\w$]|class\s+[\w$])/gm, "$1")
      .replace(/(^|;)[ \t]*export\s+default\s+/gm, "$1module.exports = ")
      .replace(/(^|;)[ \t]*export\s*\{[^}]*\}\s*(?:from\s*["'][^"']+["'])?/gm, "$1")
      .replace(/(^|;)[ \t]*export\s+(?=(?:async|function|class|const|let|var)\b)/gm, "$1")
  }

  function load(alternatives: readonly (readonly string[])[]): Wire {
    const scope = globalThis as any
    Object.assign(scope, { module, exports: module.exports })
    Object.defineProperty(scope, "__default", { value: (of: any) => of?.default ?? of })
    let fault: unknown = null
    for (const texts of alternatives) {
      const last = texts.at(-1)!
      for (const program of new Set([last, asScript(last)])) {
        try {
          engine.check(program)
        } catch (error) {
          fault ??= error
          continue
        }
        try {
          // What stands before the program may be declared by it again: variables of an evaluated text can be.
          for (const text of texts.slice(0, -1))
            try {
              evaluate(text.replace(/^(?:const|let)\b/gm, "var").replace(/^class\s+([\w$]+)/gm, "var $1 = class $1"))
            } catch (error) {
              if (!(error instanceof SyntaxError)) throw error
            }
          engine.run(program)
          return ["loaded"]
        } catch (error) {
          return ["failed", packed(error)]
        }
      }
    }
    return ["syntax", String(fault).slice(0, 400)]
  }

  const candidate: Candidate = {
    load,
    answer(message) {
      try {
        return ["ok", ...perform(message)]
      } catch (fault) {
        try {
          return ["no", packed(fault)]
        } catch {
          return ["no", ["u"]]
        }
      }
    },
    settled(told) {
      for (const [number, fulfilled, wire] of told) {
        const resolvers = ofTests.get(number)
        ofTests.delete(number)
        if (fulfilled) resolvers?.resolve(opened(wire))
        else resolvers?.reject(opened(wire))
      }
      return settledNow.splice(0)
    },
    onSettled() {},
  }
  return candidate
}
