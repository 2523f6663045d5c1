// biome-ignore-all lint/suspicious/noExplicitAny: values of programs and of tests have any shape
import type { Codec, Wire } from "./codec.ts"

/** What stands in the tester's realm for objects of the program. */
export interface Remotes {
  /** Values of the program for the names that it defines, of those asked for. */
  names(names: readonly string[]): Record<string, unknown>
  /** What the program exports, or null when that is nothing. */
  exports(): unknown
  /** Does what the program asks of functions and objects that the tests gave it. */
  answer(message: readonly any[]): Wire
  /** Promises of the tests that have settled since it was asked last. */
  settledOfTests(): unknown[]
  /** Takes in which promises of the program have settled. */
  settle(settled: unknown): void
  /** Promises of the program that the tests hold and that have not settled. */
  readonly pending: number
  /** What the program's load threw. */
  thrown(wire: Wire): unknown
}

/** What ended the tests of a program whatever they catch. */
export interface TestsEnd {
  status: "died" | "unsupported" | null
  detail: string
}

/**
 * Self-contained. Values of the program arrive as copies and are compared where it cannot reach; its functions and objects of its
 * classes are proxies that ask it. `ask` sends a message and gives the reply; it serves the program's own questions meanwhile. When nothing
 * more can be asked, `end` says why and every use of the program throws.
 */
export function javascriptRemotes(codec: Codec, ask: (message: Wire) => Wire, end: TestsEnd, engine: unknown): Remotes {
  const numbers = new WeakMap<object, number>()
  const made = new Map<number, object>()
  const given: any[] = []
  const givenNumbers = new Map<unknown, number>()
  const errorClasses = new Map<number, any>()
  const classNumbers = new WeakMap<object, number>()
  const errorNumbers = new WeakMap<object, number>()
  const promises = new Map<
    number,
    { promise: Promise<unknown>; resolve?: (value: unknown) => void; reject?: (error: unknown) => void }
  >()
  const promiseNumbers = new WeakMap<object, number>()
  const results = new WeakSet<object>()
  const settledNow: unknown[] = []
  let pending = 0
  /** On an object that is no array or text these would ask the program itself whether its result is right. */
  const askingMethods = new Set<unknown>([
    "includes",
    "startsWith",
    "endsWith",
    "every",
    "some",
    "indexOf",
    "equals",
    "match",
  ])
  const errorNames = [
    "EvalError",
    "RangeError",
    "ReferenceError",
    "SyntaxError",
    "TypeError",
    "URIError",
    "AggregateError",
    "Error",
  ]

  /** With these a program could change what its results are compared by. */
  const forbidden = new Set<unknown>([
    globalThis,
    engine,
    Function,
    Reflect.get(globalThis, "eval"),
    Reflect,
    Object,
    Math,
    JSON,
  ])

  class Ended extends Error {}

  function lost(detail: string): never {
    if (end.status === null) {
      end.status = "died"
      end.detail = detail
    }
    throw new Ended(end.detail)
  }

  function unsupported(detail: string): never {
    if (end.status === null) {
      end.status = "unsupported"
      end.detail = detail
    }
    throw new Ended(end.detail)
  }

  function give(value: unknown): number {
    let number = givenNumbers.get(value)
    if (number === undefined) {
      number = given.length
      givenNumbers.set(value, number)
      given.push(value)
    }
    return number
  }

  function symbolWire(value: symbol): Wire {
    for (const name of ["iterator", "asyncIterator", "hasInstance", "toPrimitive", "toStringTag", "species"])
      if ((Symbol as any)[name] === value) return ["y", name]
    return unsupported("the tests pass a symbol to the program")
  }

  function outgoing(value: object | symbol): Wire {
    if (typeof value === "symbol") return symbolWire(value)
    const number = numbers.get(value) ?? errorNumbers.get(value) ?? promiseNumbers.get(value) ?? classNumbers.get(value)
    if (number !== undefined) return ["r", number]
    if (forbidden.has(value)) unsupported("the tests pass what belongs to their engine to the program")
    if (typeof value === "function") {
      for (const name of errorNames) if ((globalThis as any)[name] === value) return ["X", name]
      return ["F", give(value), (value as { name: string }).name, (value as { length: number }).length]
    }
    if (value instanceof Error) {
      const base =
        errorNames.find((name) => name !== "AggregateError" && value instanceof (globalThis as any)[name]) ?? "Error"
      return ["E", base, String(value.name), String(value.message)]
    }
    if (value instanceof Promise) {
      const known = givenNumbers.has(value)
      const mine = give(value)
      if (!known)
        value.then(
          (result) => settledNow.push([mine, true, packed(result)]),
          (error) => settledNow.push([mine, false, packed(error)]),
        )
      return ["P", mine]
    }
    return ["O", give(value)]
  }

  const packed = (value: unknown): Wire => codec.pack(value, outgoing)

  function opened(wire: Wire): unknown {
    try {
      return codec.unpack(wire, incoming)
    } catch (error) {
      if (error instanceof Ended) throw error
      return lost(`the program's process sent a malformed value`)
    }
  }

  function incoming(wire: readonly any[]): unknown {
    switch (wire[0]) {
      case "f":
        return remote(wire[1], String(wire[2]), Number(wire[3]))
      case "o":
        return remote(wire[1], null, 0)
      case "X":
        if (!errorNames.includes(wire[1])) break
        return (globalThis as any)[wire[1]]
      case "y":
        return (Symbol as any)[wire[1]]
      case "k":
        return Symbol("of the program")
      case "e":
        return errorOf(wire)
      case "p":
        return promiseOf(wire[1])
      case "R":
      case "P":
        return given[wire[1]]
    }
    throw new TypeError("malformed value")
  }

  function errorOf([, number, base, kind, name, message, members]: readonly any[]): Error {
    if (!errorNames.includes(base)) throw new TypeError("malformed error")
    let Kind: any = (globalThis as any)[base]
    if (kind !== null) {
      const own = kind[1]
      Kind = errorClasses.get(own)
      if (Kind === undefined) {
        Kind = { [String(kind[2])]: class extends (globalThis as any)[base] {} }[String(kind[2])]
        errorClasses.set(own, Kind)
        classNumbers.set(Kind, own)
      }
    }
    const error = base === "AggregateError" ? new Kind([], String(message)) : new Kind(String(message))
    if (error.name !== name)
      Object.defineProperty(error, "name", { value: String(name), configurable: true, writable: true })
    const record = codec.unpack(members, incoming) as object
    for (const [key, value] of Object.entries(record))
      if (key !== "stack")
        Object.defineProperty(error, key, { value, configurable: true, writable: true, enumerable: true })
    errorNumbers.set(error, Number(number))
    return error
  }

  function promiseOf(number: number): Promise<unknown> {
    const known = promises.get(number)
    if (known !== undefined) return known.promise
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    pending++
    promises.set(number, { promise, resolve, reject })
    promiseNumbers.set(promise, number)
    return promise
  }

  function request(...message: unknown[]): readonly any[] {
    if (end.status !== null) throw new Ended(end.detail)
    const reply = ask(message) as readonly any[]
    if (!Array.isArray(reply) || (reply[0] !== "ok" && reply[0] !== "no"))
      lost("the program's process sent a malformed answer")
    if (reply[0] === "no") throw opened(reply[1])
    return reply
  }

  const requested = (...message: unknown[]) => opened(request(...message)[1])

  function call(number: number, receiver: unknown, args: unknown[], constructs: boolean): unknown {
    const sent = packed(args)
    const [, result, changed] = request("call", number, packed(receiver), sent, constructs)
    if (changed !== null && changed !== undefined) sync(args, opened(changed), new Set())
    if (Array.isArray(result) && result[0] === "A") return args[result[1]]
    const value = opened(result)
    if (
      !constructs &&
      receiver === undefined &&
      typeof value === "object" &&
      value !== null &&
      numbers.has(value) &&
      !results.has(value)
    )
      results.add(value)
    return value
  }

  /** Gives an object of the tests the content that the program left in its copy; inner objects stay the same. */
  function sync(old: any, now: any, seen: Set<unknown>): unknown {
    if (
      typeof old !== "object" ||
      old === null ||
      typeof now !== "object" ||
      now === null ||
      numbers.has(old) ||
      seen.has(old)
    )
      return now
    const prototype = Object.getPrototypeOf(old)
    if (prototype !== Object.getPrototypeOf(now)) return now
    seen.add(old)
    if (Object.isFrozen(old)) return old
    if (Array.isArray(old)) {
      old.length = now.length
      for (let at = 0; at < now.length; at++) if (at in now) old[at] = sync(old[at], now[at], seen)
    } else if (old instanceof Map) {
      const held = new Map(old)
      old.clear()
      for (const [key, value] of now) old.set(key, held.has(key) ? sync(held.get(key), value, seen) : value)
    } else if (old instanceof Set) {
      old.clear()
      for (const value of now) old.add(value)
    } else if (old instanceof Date) old.setTime(now.getTime())
    else if (ArrayBuffer.isView(old)) (old as Uint8Array).set(now)
    else if (prototype === Object.prototype || prototype === null) {
      const copy: any = { ...old }
      for (const key of Object.keys(old)) if (!Object.hasOwn(now, key)) delete old[key]
      for (const key of Object.keys(now)) {
        const value = Object.hasOwn(copy, key) ? sync(copy[key], now[key], seen) : now[key]
        // Assigned, "__proto__" would be no member.
        Object.defineProperty(old, key, { value, writable: true, enumerable: true, configurable: true })
      }
    } else return old
    return old
  }

  function remote(number: number, name: string | null, length: number): object {
    const known = made.get(number)
    if (known !== undefined) return known
    if (typeof number !== "number") throw new TypeError("malformed value")
    const callable = name !== null
    function callee() {}
    const target: any = callable ? callee : {}
    const key = (of: string | symbol): Wire => (typeof of === "symbol" ? symbolWire(of) : of)
    const strange = (of: string | symbol) =>
      typeof of === "symbol" &&
      !["iterator", "asyncIterator", "toPrimitive", "toStringTag", "species"].some(
        (each) => (Symbol as any)[each] === of,
      )
    const hasInstance = (value: unknown) => {
      if (typeof value !== "object" || value === null) return false
      const mine = numbers.get(value) ?? errorNumbers.get(value) ?? promiseNumbers.get(value)
      return mine !== undefined && requested("instance", mine, number) === true
    }
    const proxy: object = new Proxy(target, {
      get(_, of) {
        if (of === Symbol.hasInstance) return hasInstance
        if (strange(of)) return undefined
        if (callable && of === "name") return name
        if (callable && of === "length") return length
        // They belong to the realm, and would lead into it.
        if (callable && (of === "call" || of === "apply" || of === "bind")) return Function.prototype[of]
        if (results.has(proxy) && askingMethods.has(of))
          unsupported(`the tests ask a result of the program for .${String(of)}`)
        return requested("get", number, key(of))
      },
      set(_, of, value) {
        requested("set", number, key(of), packed(value))
        return true
      },
      has: (_, of) => !strange(of) && requested("has", number, key(of)) === true,
      deleteProperty: (_, of) => requested("delete", number, key(of)) === true,
      ownKeys() {
        const keys = (requested("keys", number) as unknown[]).filter((of) => typeof of === "string")
        return [...new Set(callable ? [...keys, "prototype"] : keys)] as string[]
      },
      getOwnPropertyDescriptor(_, of) {
        if (callable && of === "prototype") return Reflect.getOwnPropertyDescriptor(target, of)
        if (strange(of)) return undefined
        const own = requested("own", number, key(of)) as [unknown, boolean] | null
        return own === null
          ? undefined
          : { value: own[0], writable: true, enumerable: own[1] === true, configurable: true }
      },
      getPrototypeOf() {
        if (callable) return Function.prototype
        const prototype = requested("prototype", number)
        if (typeof prototype === "string") return (globalThis as any)[prototype]?.prototype ?? null
        return prototype as object | null
      },
      apply: (_, receiver, args) => call(number, receiver, args, false),
      construct: (_, args) => {
        const value = call(number, undefined, args, true)
        return typeof value === "object" && value !== null
          ? value
          : lost("the program's process sent a malformed answer")
      },
    })
    made.set(number, proxy)
    numbers.set(proxy, number)
    return proxy
  }

  /** Nothing that leads from an object to the realm. */
  const hidden = new Set<unknown>([
    "constructor",
    "__proto__",
    "prototype",
    "caller",
    "callee",
    "arguments",
    "__defineGetter__",
    "__lookupGetter__",
  ])

  return {
    names: (names) => requested("names", names) as Record<string, unknown>,
    exports: () => requested("exports"),
    answer(message) {
      const [, op, number] = message
      const target = given[number]
      try {
        if (op === "call")
          return ["ok", packed(Reflect.apply(target, opened(message[3]), opened(message[4]) as unknown[]))]
        if (typeof target !== "object") throw new TypeError("no object")
        const key = Array.isArray(message[3]) ? (opened(message[3]) as symbol) : message[3]
        switch (op) {
          case "get":
            return ["ok", hidden.has(key) ? ["u"] : packed(target[key])]
          case "has":
            return ["ok", !hidden.has(key) && key in target]
          case "keys":
            return ["ok", packed(Object.keys(target))]
          case "set":
            if (!hidden.has(key) && target !== console) target[key] = opened(message[4])
            return ["ok", null]
        }
        return ["no", ["E", "TypeError", "TypeError", "unknown request"]]
      } catch (error) {
        if (error instanceof Ended) throw error
        // The text of a test's own failure stays here.
        if (error instanceof Error && error.name.startsWith("AssertionError"))
          return ["no", ["E", "Error", "Error", ""]]
        return ["no", packed(error)]
      }
    },
    settledOfTests: () => settledNow.splice(0),
    settle(settled) {
      if (!Array.isArray(settled)) lost("the program's process sent a malformed answer")
      for (const [number, fulfilled, wire] of settled) {
        const known = promises.get(number)
        if (known?.resolve === undefined) continue
        const { resolve, reject } = known
        promises.set(number, { promise: known.promise })
        pending--
        if (fulfilled === true) resolve(opened(wire))
        else reject!(opened(wire))
      }
    },
    get pending() {
      return pending
    },
    thrown: opened,
  }
}
