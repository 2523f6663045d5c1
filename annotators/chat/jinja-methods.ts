// The methods of Python's strings, dicts and lists that templates call.
import { type Callable, contains, equal, isNumber, iterate, memberOf, TemplateError } from "./jinja-values.ts"
import { entriesOf } from "./python-json.ts"
import { pythonText, split, strip, Tuple } from "./python-text.ts"

/** A method of a string, or undefined where it has none of that name. */
export function stringMethod(text: string, name: string): Callable | undefined {
  const method = Object.hasOwn(stringMethods, name) ? stringMethods[name] : undefined
  return method && ((args, named) => method(text, args, named))
}

type StringMethod = (text: string, args: readonly unknown[], named: ReadonlyMap<string, unknown>) => unknown

const stringMethods: Record<string, StringMethod> = {
  upper: (text) => text.toUpperCase(),
  lower: (text) => text.toLowerCase(),
  capitalize: (text) => capitalized(text),
  title: (text) => titled(text),
  strip: (text, [characters]) => strip(text, textOrNone(characters), "both"),
  lstrip: (text, [characters]) => strip(text, textOrNone(characters), "left"),
  rstrip: (text, [characters]) => strip(text, textOrNone(characters), "right"),
  startswith: (text, [prefix]) => affixes(prefix).some((affix) => text.startsWith(affix)),
  endswith: (text, [suffix]) => affixes(suffix).some((affix) => text.endsWith(affix)),
  removeprefix: (text, [prefix]) => (text.startsWith(textOf(prefix)) ? text.slice(textOf(prefix).length) : text),
  removesuffix: (text, [suffix]) =>
    textOf(suffix) !== "" && text.endsWith(textOf(suffix)) ? text.slice(0, -textOf(suffix).length) : text,
  split: (text, args, named) =>
    split(text, textOrNone(args[0] ?? named.get("sep")), countOf(args[1] ?? named.get("maxsplit"))),
  rsplit: (text, args, named) =>
    rsplit(text, textOrNone(args[0] ?? named.get("sep")), countOf(args[1] ?? named.get("maxsplit"))),
  splitlines: (text) =>
    text
      .replace(/(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])$/, "")
      .split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/)
      .slice(text === "" ? 1 : 0),
  replace: (text, args, named) =>
    replace(text, textOf(args[0]), textOf(args[1]), countOf(args[2] ?? named.get("count"))),
  find: (text, [needle]) => codePointIndex(text, text.indexOf(textOf(needle))),
  rfind: (text, [needle]) => codePointIndex(text, text.lastIndexOf(textOf(needle))),
  count: (text, [needle]) => text.split(textOf(needle)).length - 1,
  join: (text, [values]) => iterate(values).map(textOf).join(text),
  isdigit: (text) => /^\p{Nd}+$/u.test(text),
  isupper: (text) => text === text.toUpperCase() && text !== text.toLowerCase(),
  islower: (text) => text === text.toLowerCase() && text !== text.toUpperCase(),
  isspace: (text) => text !== "" && strip(text, null, "both") === "",
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value
  throw new TemplateError("a string method takes strings")
}

function textOrNone(value: unknown): string | null {
  return value === undefined || value === null ? null : textOf(value)
}

const countOf = (value: unknown): number => (isNumber(value) ? Number(value) : -1)

const affixes = (value: unknown): string[] => (Array.isArray(value) ? value.map(textOf) : [textOf(value)])

function rsplit(text: string, separator: string | null, most: number): string[] {
  if (separator === null || most < 0) return split(text, separator, most < 0 ? -1 : most)
  const parts = split(text, separator)
  const kept = Math.max(0, parts.length - most - 1)
  return kept === 0 ? parts : [parts.slice(0, kept + 1).join(separator), ...parts.slice(kept + 1)]
}

/** `text.replace(from, to, count)`; below 0 all. */
export function replace(text: string, from: string, to: string, count = -1): string {
  if (count === 0) return text
  if (from === "") {
    const characters = Array.from(text)
    const places = count < 0 ? characters.length + 1 : Math.min(count, characters.length + 1)
    return (
      characters.map((character, at) => (at < places ? to : "") + character).join("") +
      (places > characters.length ? to : "")
    )
  }
  const parts = split(text, from, count)
  return parts.join(to)
}

const codePointIndex = (text: string, index: number) => (index < 0 ? -1 : Array.from(text.slice(0, index)).length)

/** `str.capitalize`. */
export function capitalized(text: string): string {
  const [first = "", ...rest] = Array.from(text)
  return first.toUpperCase() + rest.join("").toLowerCase()
}

/** `str.title`. */
export const titled = (text: string): string => text.replace(/\p{L}+/gu, capitalized)

const dictMethods: Record<
  string,
  (dict: Map<string, unknown> | Record<string, unknown>, args: readonly unknown[]) => unknown
> = {
  get: (dict, [key, other]) => {
    const value = typeof key === "string" ? memberOf(dict, key) : undefined
    return value === undefined ? (other ?? null) : value
  },
  items: (dict) => entriesOf(dict).map((entry) => Tuple.from(entry)),
  keys: (dict) => entriesOf(dict).map(([key]) => key),
  values: (dict) => entriesOf(dict).map(([, value]) => value),
  copy: (dict) => new Map(entriesOf(dict)),
}

/** A method of a dict, or undefined. */
export function dictMethod(dict: Map<string, unknown> | Record<string, unknown>, name: string): Callable | undefined {
  const method = Object.hasOwn(dictMethods, name) ? dictMethods[name] : undefined
  return method && ((args) => method(dict, args))
}

/** A method of a list, or undefined. Those that change it are refused, as in the sandbox that templates run in. */
export function listMethod(list: readonly unknown[], name: string): Callable | undefined {
  switch (name) {
    case "index":
      return ([value]) => {
        if (!contains(list, value)) throw new TemplateError(`${pythonText(value)} is not in list`)
        return list.findIndex((element) => equal(element, value))
      }
    case "count":
      return ([value]) => list.filter((element) => equal(element, value)).length
    case "append":
    case "extend":
    case "insert":
    case "pop":
    case "remove":
    case "reverse":
    case "sort":
    case "clear":
      return () => {
        throw new TemplateError(`access to attribute '${name}' of 'list' object is unsafe.`)
      }
    default:
      return undefined
  }
}
