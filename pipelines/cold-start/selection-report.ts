// What a selection did to each distribution of the questions, as lines of a table.
import type { DistributionLine } from "../../schemas/selection.ts"
import type { Candidates } from "./candidates.ts"
import type { PassAtKMeans } from "./pass-at-k-means.ts"
import { type Outcome, refusalOf, type Selection, type SelectionRules, unreached } from "./selection.ts"

/** Values of a measure that get a line of their own, the most frequent ones; the others share one. */
const mostValues = 100

/** Upper ends of the buckets of pass rates; the last one holds what every draft solved. */
const passRateBuckets = [
  [0, "0%"],
  [1 / 8, "≤ 12.5%"],
  [1 / 4, "≤ 25%"],
  [1 / 2, "≤ 50%"],
  [3 / 4, "≤ 75%"],
  [1 - Number.EPSILON, "< 100%"],
  [1, "100%"],
] as const

const passRateBucket = (passRate: number): string =>
  passRateBuckets.find(([end]) => passRate <= end)?.[1] ?? passRateBuckets.at(-1)![1]

/** Buckets that double: `under 256`, `256 to 511`, `512 to 1,023` tokens. */
function lengthBucket(tokens: number): string {
  if (tokens < 256) return "under 256"
  const start = 2 ** Math.floor(Math.log2(tokens))
  const text = (value: number) => value.toLocaleString("en-US")
  return `${text(start)} to ${text(start * 2 - 1)}`
}

/** What became of each candidate, by number. */
export function outcomesOf(candidates: Candidates, { chosen, duplicates, domains }: Selection, rules: SelectionRules) {
  const decided = new Map<number, Outcome>()
  for (const candidate of chosen) decided.set(candidate, "selected")
  for (const { candidate } of duplicates) decided.set(candidate, "near-duplicate")
  const parts = new Map(domains.map((part) => [part.domain, part]))
  const partOfName = candidates.domainNames.all.map((name) => parts.get(name)!)
  return (candidate: number): Outcome => {
    const part = partOfName[candidates.domains[candidate]!]!
    const figures = { passRate: candidates.passRates[candidate]!, tokens: candidates.tokens[candidate]! }
    return decided.get(candidate) ?? refusalOf(figures, part, rules) ?? unreached(part)
  }
}

/**
 * The lines of the report: outcomes, domains with their places and what they are short of, pass rates, lengths, sources, languages, and
 * the mean pass@k of the first wave's drafts. `passAtK` holds the drafted questions that are no candidates; the candidates are added.
 */
export function reportLines(
  candidates: Candidates,
  selection: Selection,
  rules: SelectionRules,
  passAtK: PassAtKMeans,
): DistributionLine[] {
  const { passRates, tokens, domains, domainNames, sources, sourceNames, languages, languageNames } = candidates
  const chosen = new Uint8Array(candidates.count)
  for (const candidate of selection.chosen) chosen[candidate] = 1
  for (let at = 0; at < chosen.length; at++)
    passAtK.add(candidates.verified[at]!, candidates.correct[at]!, chosen[at] === 1)
  const lines = (measure: string, labelOf: (candidate: number) => string, order?: Order) =>
    distribution(measure, labelOf, chosen, order)
  const outcome = outcomesOf(candidates, selection, rules)
  const parts = new Map(selection.domains.map((part) => [part.domain, part]))
  const missing = selection.domains.filter(({ candidates, places }) => candidates === 0 && places > 0)
  const places = (line: DistributionLine): DistributionLine => {
    const part = parts.get(line.value)
    return part ? { ...line, places: part.places, short: Math.max(0, part.places - part.taken) } : line
  }
  return [
    ...lines("outcome", outcome),
    ...lines("domain", (at) => domainNames.all[domains[at]!]!).map(places),
    ...missing.map(({ domain }) => places(emptyLine("domain", domain))),
    ...lines(
      "pass rate",
      (at) => passRateBucket(passRates[at]!),
      (a, b) => bucketAt(a) - bucketAt(b),
    ),
    ...lines(
      "tokens",
      (at) => lengthBucket(tokens[at]!),
      (a, b) => firstNumber(a) - firstNumber(b),
    ),
    ...lines("source", (at) => sourceNames.all[sources[at]!]!),
    ...lines("language", (at) => languageNames.all[languages[at]!]!),
    ...passAtK.means().map(({ k, all, selected, meanOfAll, meanOfSelected }) => ({
      ...emptyLine("pass@k", String(k)),
      before: all,
      beforeShare: meanOfAll,
      after: selected,
      afterShare: meanOfSelected,
    })),
  ]
}

type Order = (a: string, b: string) => number

const bucketAt = (label: string) => passRateBuckets.findIndex(([, text]) => text === label)
const firstNumber = (label: string) => (label.startsWith("under") ? 0 : Number.parseInt(label.replaceAll(",", ""), 10))

const emptyLine = (measure: string, value: string): DistributionLine => ({
  measure,
  value,
  before: 0,
  beforeShare: 0,
  after: 0,
  afterShare: 0,
  places: null,
  short: null,
})

/** One measure's lines: the most frequent value first unless `order` says otherwise. */
function distribution(
  measure: string,
  labelOf: (candidate: number) => string,
  chosen: Uint8Array,
  order?: Order,
): DistributionLine[] {
  const counts = new Map<string, { before: number; after: number }>()
  let after = 0
  for (let candidate = 0; candidate < chosen.length; candidate++) {
    const value = labelOf(candidate)
    let count = counts.get(value)
    if (!count) {
      count = { before: 0, after: 0 }
      counts.set(value, count)
    }
    count.before++
    count.after += chosen[candidate]!
    after += chosen[candidate]!
  }
  const byCount = [...counts].sort(([a, x], [b, y]) => y.before - x.before || (a < b ? -1 : 1))
  const rest = byCount.splice(mostValues)
  if (order) byCount.sort(([a], [b]) => order(a, b))
  if (rest.length > 0) {
    const sum = (of: "before" | "after") => rest.reduce((total, [, count]) => total + count[of], 0)
    byCount.push([`${rest.length} others`, { before: sum("before"), after: sum("after") }])
  }
  return byCount.map(([value, count]) => ({
    ...emptyLine(measure, value),
    ...count,
    beforeShare: count.before / chosen.length,
    afterShare: after === 0 ? 0 : count.after / after,
  }))
}
