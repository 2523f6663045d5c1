import type { Rational } from "./rational.ts"
import * as rational from "./rational.ts"

const small = new Map<string, number>(
  (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen " +
    "nineteen"
  )
    .split(" ")
    .map((word, value) => [word, value]),
)
for (const [index, word] of "twenty thirty forty fifty sixty seventy eighty ninety".split(" ").entries())
  small.set(word, (index + 2) * 10)
const scales = new Map<string, number>([
  ["thousand", 1e3],
  ["million", 1e6],
  ["billion", 1e9],
  ["trillion", 1e12],
])
const shares = new Map<string, number>([
  ["half", 2],
  ["third", 3],
  ["quarter", 4],
  ["fourth", 4],
  ["fifth", 5],
  ["sixth", 6],
  ["seventh", 7],
  ["eighth", 8],
  ["ninth", 9],
  ["tenth", 10],
])

const wordAt = /^[\s-]*([a-z]+)/i

/**
 * Reads the English number with which a text begins: `twenty-five`, `one hundred and five`, `two thirds`, `a dozen`. Null where it
 * begins with none, or where the words do not make one number (`five six`).
 */
export function leadingNumberWords(text: string): { value: Rational; rest: string } | null {
  let rest = text
  let [total, section, words] = [0, 0, 0]
  let least = Number.POSITIVE_INFINITY
  for (let match = wordAt.exec(rest); match !== null && words < 16; match = wordAt.exec(rest)) {
    const word = match[1]!.toLowerCase()
    const behind = rest.slice(match[0].length)
    const value = small.get(word)
    const scale = scales.get(word)
    const share = words > 0 ? shares.get(word.replace(/s$/, "").replace(/^halve$/, "half")) : undefined
    if (value !== undefined) {
      if (value >= least || (value >= 10 && least < 100)) return null
      section += value
      least = value >= 20 ? 10 : value === 0 ? 0 : 1
    } else if (word === "hundred" && words > 0 && section < 100) {
      section *= 100
      least = 100
    } else if (scale !== undefined && words > 0 && (total === 0 || total % (scale * 1_000) === 0)) {
      total += section * scale
      section = 0
      least = Number.POSITIVE_INFINITY
    } else if (share !== undefined && total + section > 0) {
      return { value: rational.divide(rational.whole(total + section), rational.whole(share))!, rest: behind }
    } else if (word === "dozen" && words > 0) return { value: rational.whole((total + section) * 12), rest: behind }
    else if (word === "a" && words === 0 && /^\s+(?:dozen|half|hundred|thousand|million|quarter|third)\b/i.test(behind))
      section = 1
    else if (
      !(word === "and" && words > 0 && least === 100 && small.has(wordAt.exec(behind)?.[1]?.toLowerCase() ?? ""))
    )
      break
    words++
    rest = behind
  }
  return words === 0 ? null : { value: rational.whole(total + section), rest }
}
