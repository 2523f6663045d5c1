// Python's operators on the values of a template: undefined is jinja2's Undefined, null is None; ints are numbers and bigints, floats
// numbers with a fraction and `Float`, dicts objects and Maps.
import { compareCodePoints, entriesOf, Float, floatOf, isDict, isFloat } from "./python-json.ts"
import { pythonText } from "./python-text.ts"

/** A function, method or macro of a template. */
export type Callable = (args: readonly unknown[], named: ReadonlyMap<string, unknown>) => unknown

/** What `namespace()` makes: the only value with attributes that a template can set. */
export class Namespace {
  readonly members: Map<string, unknown>

  constructor(members: Map<string, unknown>) {
    this.members = members
  }
}

/** An error of a template, its own (`raise_exception`) or one of those that jinja2 raises. */
export class TemplateError extends Error {
  override readonly name = "TemplateError"
}

export const isNumber = (value: unknown): value is number | bigint | Float =>
  typeof value === "number" || typeof value === "bigint" || value instanceof Float

/** A dict's member, or undefined. */
export function memberOf(dict: Map<string, unknown> | Record<string, unknown>, key: string): unknown {
  if (dict instanceof Map) return dict.get(key)
  return Object.hasOwn(dict, key) ? dict[key] : undefined
}

/** `bool(value)`. */
export function truth(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "") return false
  if (isNumber(value)) return Number(value instanceof Float ? value.value : value) !== 0
  if (Array.isArray(value)) return value.length > 0
  if (value instanceof Namespace) return true
  return isDict(value) ? entriesOf(value).length > 0 : true
}

const double = (value: number | bigint | Float | boolean): number =>
  Number(value instanceof Float ? value.value : value)

/** `left == right`: numbers by value whatever their type, True as 1, lists and dicts by their parts. */
export function equal(left: unknown, right: unknown): boolean {
  if (left === right) return true
  const numeric = (value: unknown) => isNumber(value) || typeof value === "boolean"
  if (numeric(left) && numeric(right)) return double(left as number) === double(right as number)
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((value, at) => equal(value, right[at]))
  if (!isDict(left) || !isDict(right) || left instanceof Namespace || right instanceof Namespace) return false
  const members = entriesOf(left)
  return (
    members.length === entriesOf(right).length && members.every(([key, value]) => equal(value, memberOf(right, key)))
  )
}

/** Below 0 where left is the lesser. Throws where Python has no order between the two. */
export function compare(left: unknown, right: unknown): number {
  if (typeof left === "string" && typeof right === "string") return compareCodePoints(left, right)
  const numeric = (value: unknown): value is number => isNumber(value) || typeof value === "boolean"
  if (numeric(left) && numeric(right)) return double(left) - double(right)
  if (Array.isArray(left) && Array.isArray(right)) {
    for (let at = 0; at < Math.min(left.length, right.length); at++)
      if (!equal(left[at], right[at])) return compare(left[at], right[at])
    return left.length - right.length
  }
  throw new TemplateError(`no order between ${kindOf(left)} and ${kindOf(right)}`)
}

/** `needle in haystack`. */
export function contains(haystack: unknown, needle: unknown): boolean {
  if (haystack === undefined) return false
  if (typeof haystack === "string") {
    if (typeof needle !== "string") throw new TemplateError(`cannot look for ${kindOf(needle)} in a string`)
    return haystack.includes(needle)
  }
  if (Array.isArray(haystack)) return haystack.some((value) => equal(value, needle))
  if (isDict(haystack) && !(haystack instanceof Namespace))
    return typeof needle === "string" && memberOf(haystack, needle) !== undefined
  throw new TemplateError(`cannot look into ${kindOf(haystack)}`)
}

/** The elements that a `for` goes over. */
export function iterate(value: unknown): unknown[] {
  if (value === undefined) return []
  if (Array.isArray(value)) return value
  if (typeof value === "string") return Array.from(value)
  if (isDict(value) && !(value instanceof Namespace)) return entriesOf(value).map(([key]) => key)
  throw new TemplateError(`cannot go over ${kindOf(value)}`)
}

/** `len(value)`: of a string its code points. */
export const lengthOf = (value: unknown): number => iterate(value).length

/** An operator of Python between two values. */
export function operate(operator: string, left: unknown, right: unknown): unknown {
  if (operator === "~") return pythonText(left) + pythonText(right)
  if (left === undefined || right === undefined) throw new TemplateError(`an undefined value in "${operator}"`)
  if (operator === "+") {
    if (typeof left === "string" && typeof right === "string") return left + right
    if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right]
  }
  if (operator === "*") {
    const [text, times] = typeof left === "string" ? [left, right] : [right, left]
    if (typeof text === "string" && typeof times === "number") return text.repeat(Math.max(0, times))
  }
  const numeric = (value: unknown): value is number => isNumber(value) || typeof value === "boolean"
  if (!numeric(left) || !numeric(right))
    throw new TemplateError(`no "${operator}" between ${kindOf(left)} and ${kindOf(right)}`)
  return arithmetic(operator, left, right)
}

function arithmetic(operator: string, left: number | bigint | Float | boolean, right: typeof left): unknown {
  const a = double(left)
  const b = double(right)
  const whole = !isFloat(left) && !isFloat(right)
  const result = (value: number) => (whole ? value : floatOf(value))
  switch (operator) {
    case "+":
      return result(a + b)
    case "-":
      return result(a - b)
    case "*":
      return result(a * b)
    case "**":
      return whole && b >= 0 ? a ** b : floatOf(a ** b)
  }
  if (b === 0) throw new TemplateError("division by zero")
  switch (operator) {
    case "/":
      return floatOf(a / b)
    case "//":
      return result(Math.floor(a / b))
    case "%":
      return result(a - b * Math.floor(a / b))
    default:
      throw new TemplateError(`unknown operator "${operator}"`)
  }
}

/** A value's Python type, for messages. */
export function kindOf(value: unknown): string {
  if (value === undefined) return "an undefined value"
  if (value === null) return "None"
  if (typeof value === "string") return "a string"
  if (typeof value === "boolean") return "a bool"
  if (isFloat(value)) return "a float"
  if (isNumber(value)) return "an int"
  if (Array.isArray(value)) return "a list"
  return typeof value === "function" ? "a function" : "a dict"
}
