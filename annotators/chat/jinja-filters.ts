// The filters and tests of jinja2 that chat templates use, with `tojson` as `transformers` has it.
import { capitalized, replace, titled } from "./jinja-methods.ts"
import {
  compare,
  equal,
  isNumber,
  iterate,
  kindOf,
  lengthOf,
  memberOf,
  Namespace,
  TemplateError,
  truth,
} from "./jinja-values.ts"
import { entriesOf, Float, floatOf, isDict, isFloat, type JsonOptions, pythonJson } from "./python-json.ts"
import { pythonText, strip, Tuple } from "./python-text.ts"

type Filter = (value: unknown, args: readonly unknown[], named: ReadonlyMap<string, unknown>) => unknown

/** Applies a filter by its name. Throws a TemplateError where it is not one of those here. */
export function applyFilter(
  name: string,
  value: unknown,
  args: readonly unknown[],
  named: ReadonlyMap<string, unknown>,
): unknown {
  const filter = Object.hasOwn(filters, name) ? filters[name] : undefined
  if (!filter) throw new TemplateError(`no filter named '${name}'`)
  return filter(value, args, named)
}

/** Applies a test (`is`) by its name. */
export function applyTest(name: string, value: unknown, args: readonly unknown[] = []): boolean {
  const test = Object.hasOwn(tests, name) ? tests[name] : undefined
  if (!test) throw new TemplateError(`no test named '${name}'`)
  return test(value, args[0])
}

const isDictValue = (value: unknown): value is Map<string, unknown> | Record<string, unknown> =>
  isDict(value) && !(value instanceof Namespace) && typeof value !== "function"

const whole = (value: unknown): bigint => {
  if (isNumber(value) && !isFloat(value)) return BigInt(value as number | bigint)
  throw new TemplateError(`expected an int, got ${kindOf(value)}`)
}

const tests: Record<string, (value: unknown, other: unknown) => boolean> = {
  defined: (value) => value !== undefined,
  undefined: (value) => value === undefined,
  none: (value) => value === null,
  true: (value) => value === true,
  false: (value) => value === false,
  boolean: (value) => typeof value === "boolean",
  string: (value) => typeof value === "string",
  number: (value) => isNumber(value) || typeof value === "boolean",
  integer: (value) => isNumber(value) && !isFloat(value),
  float: (value) => isFloat(value),
  mapping: isDictValue,
  sequence: (value) => typeof value === "string" || Array.isArray(value) || isDictValue(value),
  iterable: (value) => value === undefined || typeof value === "string" || Array.isArray(value) || isDictValue(value),
  callable: (value) => typeof value === "function",
  odd: (value) => whole(value) % 2n !== 0n,
  even: (value) => whole(value) % 2n === 0n,
  lower: (value) => pythonText(value).toLowerCase() === pythonText(value) && /\p{Ll}/u.test(pythonText(value)),
  upper: (value) => pythonText(value).toUpperCase() === pythonText(value) && /\p{Lu}/u.test(pythonText(value)),
  equalto: equal,
  eq: equal,
  ne: (value, other) => !equal(value, other),
  in: (value, other) => iterate(other).some((element) => equal(element, value)),
  sameas: (value, other) => value === other,
}

const listOf = (value: unknown): unknown[] => [...iterate(value)]

function jsonOptions(
  named: ReadonlyMap<string, unknown>,
  [ensureAscii, indent, separators, sortKeys]: readonly unknown[],
): JsonOptions {
  const given = (name: string, place: unknown) => (named.has(name) ? named.get(name) : place)
  const pair = given("separators", separators)
  return {
    ensureAscii: truth(given("ensure_ascii", ensureAscii)),
    indent: (given("indent", indent) ?? null) as number | string | null,
    separators: Array.isArray(pair) ? [String(pair[0]), String(pair[1])] : null,
    sortKeys: truth(given("sort_keys", sortKeys)),
  }
}

function attributeOf(value: unknown, path: unknown): unknown {
  let found = value
  for (const part of String(path).split(".")) {
    if (Array.isArray(found) && /^\d+$/.test(part)) found = found[Number(part)]
    else found = isDictValue(found) ? memberOf(found, part) : undefined
  }
  return found
}

/** Keeps or rejects elements by a test of themselves or of an attribute. */
function selected(keep: boolean, byAttribute: boolean): Filter {
  return (value, args) => {
    const [path, test, other] = byAttribute ? args : [null, ...args]
    return listOf(value).filter((element) => {
      const tested = byAttribute ? attributeOf(element, path) : element
      return (test === undefined ? truth(tested) : applyTest(String(test), tested, [other])) === keep
    })
  }
}

const sortKey = (value: unknown, caseSensitive: boolean) =>
  typeof value === "string" && !caseSensitive ? value.toLowerCase() : value

function numberOf(value: unknown, read: (text: string) => number, other: unknown): unknown {
  if (isNumber(value)) return Number(value instanceof Float ? value.value : value)
  if (typeof value === "boolean") return value ? 1 : 0
  const found = typeof value === "string" ? read(value) : Number.NaN
  return Number.isNaN(found) ? other : found
}

const filters: Record<string, Filter> = {
  tojson: (value, args, named) => {
    if (value === undefined) throw new TemplateError("Object of type Undefined is not JSON serializable")
    return pythonJson(value, jsonOptions(named, args))
  },
  length: (value) => lengthOf(value),
  count: (value) => lengthOf(value),
  string: (value) => pythonText(value),
  safe: (value) => value,
  trim: (value, [characters]) => strip(pythonText(value), characters as string | undefined, "both"),
  upper: (value) => pythonText(value).toUpperCase(),
  lower: (value) => pythonText(value).toLowerCase(),
  capitalize: (value) => capitalized(pythonText(value)),
  title: (value) => titled(pythonText(value)),
  default: (value, [other = "", all], named) =>
    value === undefined || (truth(all ?? named.get("boolean")) && !truth(value))
      ? (named.get("default_value") ?? other)
      : value,
  d: (value, args, named) => filters.default!(value, args, named),
  join: (value, [between = ""], named) => {
    const attribute = named.get("attribute")
    return listOf(value)
      .map((element) => pythonText(attribute === undefined ? element : attributeOf(element, attribute)))
      .join(pythonText(between))
  },
  first: (value) => listOf(value)[0],
  last: (value) => listOf(value).at(-1),
  list: listOf,
  reverse: (value) => (typeof value === "string" ? Array.from(value).reverse().join("") : listOf(value).reverse()),
  items: (value) =>
    value === undefined
      ? []
      : isDictValue(value)
        ? entriesOf(value).map((entry) => Tuple.from(entry))
        : unusable("items", value),
  dictsort: (value, args, named) => {
    if (!isDictValue(value)) return unusable("dictsort", value)
    const sensitive = truth(args[0] ?? named.get("case_sensitive"))
    const at = (args[1] ?? named.get("by") ?? "key") === "value" ? 1 : 0
    const sorted = entriesOf(value).sort((a, b) => compare(sortKey(a[at], sensitive), sortKey(b[at], sensitive)))
    return (truth(args[2] ?? named.get("reverse")) ? sorted.reverse() : sorted).map((entry) => Tuple.from(entry))
  },
  sort: (value, args, named) => {
    const sensitive = truth(args[1] ?? named.get("case_sensitive"))
    const attribute = args[2] ?? named.get("attribute")
    const key = (element: unknown) =>
      sortKey(attribute === undefined ? element : attributeOf(element, attribute), sensitive)
    const sign = truth(args[0] ?? named.get("reverse")) ? -1 : 1
    return listOf(value).sort((a, b) => sign * compare(key(a), key(b)))
  },
  unique: (value) => {
    const kept: unknown[] = []
    for (const element of listOf(value))
      if (!kept.some((other) => equal(sortKey(other, false), sortKey(element, false)))) kept.push(element)
    return kept
  },
  select: selected(true, false),
  reject: selected(false, false),
  selectattr: selected(true, true),
  rejectattr: selected(false, true),
  map: (value, args, named) => {
    const attribute = named.get("attribute")
    if (attribute !== undefined)
      return listOf(value).map((element) => attributeOf(element, attribute) ?? named.get("default"))
    const [filter, ...rest] = args
    return listOf(value).map((element) => applyFilter(String(filter), element, rest, named))
  },
  replace: (value, [from, to, count]) =>
    replace(pythonText(value), pythonText(from), pythonText(to), isNumber(count) ? Number(count) : -1),
  indent: (value, args, named) => {
    const width = args[0] ?? named.get("width") ?? 4
    const margin = typeof width === "string" ? width : " ".repeat(Number(width))
    const first = truth(args[1] ?? named.get("first"))
    const blank = truth(args[2] ?? named.get("blank"))
    const lines = pythonText(value).split("\n")
    return lines.map((line, at) => ((at === 0 ? first : blank || line !== "") ? margin + line : line)).join("\n")
  },
  int: (value, [other = 0]) => {
    const found = numberOf(value, (text) => (/^\s*[-+]?\d+/.test(text) ? Number.parseInt(text, 10) : Number.NaN), other)
    return typeof found === "number" ? Math.trunc(found) : found
  },
  float: (value, [other = new Float(0)]) => {
    const found = numberOf(value, Number, other)
    return typeof found === "number" ? floatOf(found) : found
  },
  abs: (value) =>
    isFloat(value) ? floatOf(Math.abs(value instanceof Float ? value.value : value)) : Math.abs(Number(value)),
  wordcount: (value) => (pythonText(value).match(/\w+/g) ?? []).length,
}

function unusable(filter: string, value: unknown): never {
  throw new TemplateError(`the filter '${filter}' takes no ${kindOf(value)}`)
}
