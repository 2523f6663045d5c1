// biome-ignore-all lint/suspicious/noExplicitAny: values of programs and of tests have any shape
// The values that tester and candidate exchange, in JavaScript. A function here that bears `self-contained` is sent to other engines as its text:
// it uses nothing but its parameters and what every engine has.

/** A value as JSON: its own values stand for themselves, every other one is an array with a tag before its parts. */
export type Wire = null | boolean | number | string | readonly unknown[]

/** Makes values into wires and back. What is not plain is left to `other`. */
export interface Codec {
  /** `other` says how a function, an object of a class, an error, a promise or a symbol travels. */
  pack(value: unknown, other: (value: object | symbol) => Wire): Wire
  unpack(wire: Wire, other: (wire: readonly unknown[]) => unknown): unknown
  /** Whether an object travels as a copy, shared parts and cycles kept. */
  isPlain(value: object): boolean
}

/**
 * Self-contained. Nothing in a wire can run: what is not plain stays with its owner and travels as a number. An object that occurs
 * twice is one object on the other side too.
 */
export function javascriptCodec(): Codec {
  const { isArray } = Array
  const { getPrototypeOf, getOwnPropertyDescriptor, keys, isFrozen, freeze, defineProperty } = Object
  // Two names for each kind would not survive a program that changes them.
  const [RecordPrototype, DatePrototype, PatternPrototype] = [Object.prototype, Date.prototype, RegExp.prototype]
  const [MapPrototype, SetPrototype] = [Map.prototype, Set.prototype]
  const views: Record<string, any> = {}
  for (const name of Object.getOwnPropertyNames(globalThis))
    if (/^(?:Big)?(?:Ui|I)nt\d+(?:Clamped)?Array$|^Float\d+Array$/.test(name)) views[name] = (globalThis as any)[name]
  const bufferClass = (globalThis as any).Buffer

  function kindOf(value: object): string | null {
    if (isArray(value)) return "l"
    const prototype = getPrototypeOf(value)
    if (prototype === RecordPrototype || prototype === null) {
      // An object that can do something is not its data.
      for (const key of keys(value)) {
        const own = getOwnPropertyDescriptor(value, key)
        if (own === undefined || own.get || own.set || typeof own.value === "function") return null
      }
      return prototype === null ? "0" : "d"
    }
    if (prototype === MapPrototype) return "m"
    if (prototype === SetPrototype) return "s"
    if (prototype === DatePrototype) return "D"
    if (prototype === PatternPrototype) return "x"
    for (const name in views) if (prototype === views[name].prototype) return name
    return bufferClass !== undefined && prototype === bufferClass.prototype ? "Buffer" : null
  }

  function pack(value: unknown, other: (value: object | symbol) => Wire, seen = new Map<unknown, number>()): Wire {
    const each = (one: unknown) => pack(one, other, seen)
    if (value === null) return null
    switch (typeof value) {
      case "undefined":
        return ["u"]
      case "boolean":
      case "string":
        return value
      case "number":
        return Number.isFinite(value) && !Object.is(value, -0) ? value : ["n", Object.is(value, -0) ? "-0" : `${value}`]
      case "bigint":
        return ["i", `${value}`]
      case "symbol":
        return other(value)
    }
    const known = seen.get(value)
    if (known !== undefined) return ["@", known]
    const kind = typeof value === "function" ? null : kindOf(value as object)
    if (kind === null) return other(value as object)
    if (kind === "D") return ["D", each(DatePrototype.getTime.call(value))]
    if (kind === "x") return ["x", (value as RegExp).source, (value as RegExp).flags, (value as RegExp).lastIndex]
    seen.set(value, seen.size)
    let wire: unknown[]
    if (kind === "l") {
      const list = value as unknown[]
      wire = ["l"]
      for (let at = 0; at < list.length; at++) wire.push(at in list ? each(list[at]) : ["h"])
    } else if (kind === "m") {
      wire = ["m"]
      MapPrototype.forEach.call(value as Map<unknown, unknown>, (one, key) => wire.push(each(key), each(one)))
    } else if (kind === "s") {
      wire = ["s"]
      SetPrototype.forEach.call(value as Set<unknown>, (one) => wire.push(each(one)))
    } else if (kind === "d" || kind === "0") {
      wire = [kind]
      for (const key of keys(value as object)) wire.push(key, each((value as any)[key]))
    } else wire = ["T", kind, ...Array.from(value as Iterable<number>, each)]
    return kind.length === 1 && isFrozen(value) ? ["z", wire] : wire
  }

  function unpack(wire: Wire, other: (wire: readonly unknown[]) => unknown, table: unknown[] = []): unknown {
    if (!isArray(wire)) return wire
    const each = (one: unknown) => unpack(one as Wire, other, table)
    switch (wire[0]) {
      case "u":
        return undefined
      case "n":
        return wire[1] === "-0" ? -0 : Number(wire[1])
      case "i":
        return BigInt(wire[1])
      case "D":
        return new Date(each(wire[1]) as number)
      case "x": {
        const pattern = new RegExp(wire[1], wire[2])
        pattern.lastIndex = Number(wire[3])
        return pattern
      }
      case "z":
        return freeze(each(wire[1]))
      case "@":
        if (!(wire[1] in table)) throw new RangeError("malformed value")
        return table[wire[1]]
      case "l": {
        const list: unknown[] = []
        table.push(list)
        for (let at = 1; at < wire.length; at++)
          if (isArray(wire[at]) && wire[at][0] === "h") list.length++
          else list.push(each(wire[at]))
        return list
      }
      case "m": {
        const map = new Map()
        table.push(map)
        for (let at = 1; at + 1 < wire.length; at += 2) map.set(each(wire[at]), each(wire[at + 1]))
        return map
      }
      case "s": {
        const set = new Set()
        table.push(set)
        for (let at = 1; at < wire.length; at++) set.add(each(wire[at]))
        return set
      }
      case "d":
      case "0": {
        const record = wire[0] === "d" ? {} : Object.create(null)
        table.push(record)
        for (let at = 1; at + 1 < wire.length; at += 2)
          defineProperty(record, String(wire[at]), {
            value: each(wire[at + 1]),
            writable: true,
            enumerable: true,
            configurable: true,
          })
        return record
      }
      case "T": {
        const numbers = wire.slice(2).map(each)
        const view =
          wire[1] === "Buffer" && bufferClass !== undefined
            ? bufferClass.from(numbers)
            : views[wire[1]].from(numbers as never)
        table.push(view)
        return view
      }
    }
    return other(wire)
  }
  return {
    pack: (value, other) => pack(value, other),
    unpack: (wire, other) => unpack(wire, other),
    isPlain: (value) => kindOf(value) !== null,
  }
}
