// biome-ignore-all lint/suspicious/noExplicitAny: values of programs and of tests have any shape
/**
 * Self-contained. Equality as `node:assert` and Jest have it: `strict` compares prototypes and kinds and takes NaN as equal to itself and 0
 * as unequal to -0; `loose` compares primitives by ==; `data` (Jest's toEqual) is strict but ignores prototypes and members that are undefined.
 */
export function javascriptEquality(): (a: unknown, b: unknown, mode: "strict" | "loose" | "data") => boolean {
  return (first, second, mode) => {
    const pairs = new Map<unknown, Set<unknown>>()
    const equal = (a: any, b: any): boolean => {
      if (Object.is(a, b)) return true
      if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) {
        if (mode !== "loose") return false
        const isObject = (value: unknown) => typeof value === "object" && value !== null
        if (isObject(a) || isObject(b)) return false
        // biome-ignore lint/suspicious/noDoubleEquals: what loose equality is.
        return a == b || (Number.isNaN(a) && Number.isNaN(b))
      }
      const tag = (value: unknown) => Object.prototype.toString.call(value)
      if (tag(a) !== tag(b)) return false
      if (mode === "strict" && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
      if (Array.isArray(a) !== Array.isArray(b)) return false
      if (Array.isArray(a) && a.length !== b.length) return false
      const known = pairs.get(a)
      if (known?.has(b)) return true
      if (known) known.add(b)
      else pairs.set(a, new Set([b]))
      if (a instanceof Date || b instanceof Date)
        return a instanceof Date && b instanceof Date && Object.is(a.getTime(), b.getTime())
      if (
        a instanceof RegExp &&
        b instanceof RegExp &&
        (a.source !== b.source || a.flags !== b.flags || a.lastIndex !== b.lastIndex)
      )
        return false
      if (a instanceof Error && b instanceof Error && (a.message !== b.message || a.name !== b.name)) return false
      const boxed = (value: unknown) => value instanceof Number || value instanceof String || value instanceof Boolean
      if ((boxed(a) || boxed(b)) && !(boxed(a) && boxed(b) && Object.is(a.valueOf(), b.valueOf()))) return false
      if (ArrayBuffer.isView(a)) {
        const [mine, theirs] = [a as Uint8Array, b as Uint8Array]
        return mine.length === theirs.length && Array.prototype.every.call(mine, (each, at) => equal(each, theirs[at]))
      }
      if (a instanceof Set && b instanceof Set) {
        if (a.size !== b.size) return false
        const left = [...b].filter((each) => !a.has(each))
        return [...a].every((each) => {
          if (b.has(each)) return true
          const at = left.findIndex((other) => equal(each, other))
          if (at >= 0) left.splice(at, 1)
          return at >= 0
        })
      }
      if (a instanceof Map && b instanceof Map) {
        if (a.size !== b.size) return false
        const left = [...b].filter(([key]) => !a.has(key))
        return [...a].every(([key, value]) => {
          if (b.has(key)) return equal(value, b.get(key))
          const at = left.findIndex(([other, held]) => equal(key, other) && equal(value, held))
          if (at >= 0) left.splice(at, 1)
          return at >= 0
        })
      }
      const keys = (value: object) =>
        Object.keys(value).filter((key) => mode !== "data" || (value as any)[key] !== undefined)
      const mine = keys(a)
      return mine.length === keys(b).length && mine.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]))
    }
    return equal(first, second)
  }
}
