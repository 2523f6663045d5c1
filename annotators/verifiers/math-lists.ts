// Several values without brackets: `1, 2`, `x = 1 or x = 2`, `x > 1 and x < 2`.
import { isComma, isConjunction, isSemicolon, maxParts, splitAt } from "./math-collections.ts"
import type { Token } from "./math-tokens.ts"
import { type MathValue, type Written, written } from "./math-values.ts"
import * as rational from "./rational.ts"

/** Reads what stands between commas, semicolons, `and` and `or`. Null without any. */
export function readList(plain: string, tokens: readonly Token[], base: Written, read: (part: string) => MathValue) {
  const groups = splitAt(plain, tokens, isSemicolon)
  if (groups !== null && groups.length > 1)
    return groups.length > maxParts ? null : listOf(base, groups.map(read), "or")
  const parts = splitAt(plain, tokens, (token) => isComma(token) || isConjunction(token))
  if (parts === null || parts.length > maxParts) return null
  const telling = parts.filter((part) => !isQualifier(part))
  if (telling.length === 0) return null
  const or = tokens.some((token) => token.kind === "word" && token.text === "or")
  return telling.length === 1 ? read(telling[0]!) : listOf(base, telling.map(read), or ? "or" : "and")
}

/** `(k \in \mathbb{Z})` behind what it qualifies. */
export const trailingQualifier = /\s*\((?:where |for )?[a-zA-Z](?:\s*,\s*[a-zA-Z])*\s*\\in\s*[^()]{1,32}\)$/

/** `k \in \mathbb{Z}`, `n = 0, 1, 2, \ldots`: says of which kind a symbol is. */
const isQualifier = (part: string) =>
  /^(?:where\s+|for\s+)?[a-zA-Z](?:\s*,\s*[a-zA-Z])*\s*\\in\s*(?:\\mathbb\s*\{?\s*[ZNQRC]\s*\}?|[ZN])(?:\s*[\^_]\s*\{?[+*\d]\}?)?$/.test(
    part,
  )

/** Values as a list; inequalities of one name as the set that they describe together. */
export function listOf(base: Written, values: readonly MathValue[], conjunction: "and" | "or"): MathValue {
  const elements = values.flatMap((value) =>
    value.kind === "list" && value.elements.every((one) => one.name === null) && value.name === null
      ? value.elements
      : [value],
  )
  const bounded = elements.every(
    (one) => (one.kind === "tuple" && one.inequality) || (one.kind === "difference" && one.relation !== null),
  )
  if (bounded && new Set(elements.map(({ name }) => name)).size === 1)
    return { ...base, name: elements[0]!.name, ...combined(elements, conjunction) }
  const repeated = repeatedNames(elements)
  return { ...base, kind: "list", elements: repeated ?? elements }
}

/** `p = 5, q = 2, p = 7, q = 2`: two pairs. */
function repeatedNames(elements: readonly MathValue[]): MathValue[] | null {
  const names = elements.map(({ name }) => name)
  const size = names.indexOf(names[0]!, 1)
  if (size < 2 || names.includes(null) || names.length % size !== 0) return null
  if (!names.every((name, index) => name === names[index % size])) return null
  return Array.from({ length: names.length / size }, (_, group) => {
    const inside = elements.slice(group * size, (group + 1) * size)
    return { ...written(inside.map(({ symbols }) => symbols).join(",")), kind: "list", elements: inside }
  })
}

/** Inequalities of one name: `x > 1 and x < 2` is an interval, `x < 1 or x > 2` a union. */
function combined(elements: readonly MathValue[], conjunction: "and" | "or") {
  const [first, second] = elements
  if (conjunction === "and" && elements.length === 2 && first?.kind === "tuple" && second?.kind === "tuple") {
    const [lower, upper] = first.elements[1]!.kind === "infinity" ? [first, second] : [second, first]
    const [low, high] = [lower.elements[0]!, upper.elements[1]!]
    const meets = low.kind === "number" && high.kind === "number" ? rational.compare(low.value, high.value) <= 0 : true
    if (lower.elements[1]!.kind === "infinity" && upper.elements[0]!.kind === "infinity" && meets)
      return { kind: "tuple", open: lower.open, close: upper.close, elements: [low, high] } as const
  }
  return { kind: "union", parts: elements } as const
}
