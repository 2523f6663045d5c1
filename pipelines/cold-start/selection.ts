// Which questions go into the small final set. Sorting costs O(n log n); then every place costs a look at each domain, and every
// question that is looked at one search among the chosen. Nothing depends on the order of the candidates.
import type { SelectConfig } from "../../schemas/config.ts"
import type { DomainShare } from "../../schemas/selection.ts"
import { uniform } from "../runtime/fingerprint.ts"
import type { Candidates } from "./candidates.ts"
import { balancedDomain } from "./domain-names.ts"
import { NearDuplicates } from "./near-duplicates.ts"

/** `maximum` and the rules of a selection, as the config has them. */
export type SelectionRules = Pick<
  SelectConfig,
  "maximum" | "domains" | "difficulty" | "length" | "maximumSimilarity"
> & {
  /** Domains that should be there: where no weights are given these have one too, so that it is said when they are missing. */
  expectedDomains: readonly string[]
  seed: number
}

/** What was chosen, by number of the candidate, in the order in which it was. */
export interface Selection {
  chosen: number[]
  /** Candidates that were refused because a chosen one is too similar. */
  duplicates: { candidate: number; of: number; similarity: number }[]
  /** Every expected and every met domain, by name. */
  domains: DomainShare[]
}

/** Why a candidate cannot be chosen, whatever else is there. */
export type Refusal = "domain-excluded" | "difficulty" | "length"

/** Why a question with these figures is refused, or null. */
export function refusalOf(
  { passRate, tokens }: { passRate: number; tokens: number },
  { weight, lowTokens, highTokens }: Pick<DomainShare, "weight" | "lowTokens" | "highTokens">,
  { difficulty: { minimumPassRate, maximumPassRate } }: Pick<SelectionRules, "difficulty">,
): Refusal | null {
  if (weight === 0) return "domain-excluded"
  // Written so that NaN is refused too.
  if (!(passRate > 0 && passRate >= minimumPassRate && passRate <= maximumPassRate)) return "difficulty"
  return tokens < (lowTokens ?? 0) || tokens > (highTokens ?? Number.POSITIVE_INFINITY) ? "length" : null
}

/** Why a candidate that nothing speaks against was not chosen: its domain has its places, or the set is full before it has. */
export const unreached = ({
  taken,
  places,
}: Pick<DomainShare, "taken" | "places">): "domain-full" | "question-limit" =>
  places > 0 && taken >= places ? "domain-full" : "question-limit"

/** Everything that can become of a candidate. */
export type Outcome = "selected" | "near-duplicate" | Refusal | ReturnType<typeof unreached>

/**
 * Chooses at most `maximum` candidates. Those outside the band of difficulty or in a tail of their domain's lengths are refused. The
 * places go to the domains in turn, by Webster's method (Sainte-Laguë) over their weights; within a domain the hardest comes first,
 * equals by a seeded hash. A candidate that is a near-duplicate of a chosen one is passed over. A domain that runs out leaves its
 * places to the others; a domain without a weight gets places only when all others have run out.
 */
export function selectQuestions(candidates: Candidates, rules: SelectionRules): Selection {
  const { maximum, maximumSimilarity, seed } = rules
  const parts = domainParts(candidates, rules)
  const queues = queuesOf(candidates, parts, rules)
  apportion(parts, maximum, seed)
  const capacity = Math.min(maximum, candidates.count)
  const taken = new NearDuplicates(candidates.sketches, { maximum: maximumSimilarity, capacity })
  const selection: Selection = { chosen: [], duplicates: [], domains: parts }
  const next = (domain: number): number | null => {
    for (let candidate = queues[domain]!.shift(); candidate !== null; candidate = queues[domain]!.shift()) {
      const duplicate = taken.find(candidate)
      if (duplicate === null) return candidate
      selection.duplicates.push({ candidate, ...duplicate })
    }
    return null
  }
  inTurn(parts, maximum, seed, (domain) => {
    const candidate = next(domain)
    if (candidate === null) return false
    parts[domain]!.taken++
    selection.chosen.push(candidate)
    taken.add(candidate)
    return true
  })
  return selection
}

/** The domains with their weights: those that the rules name, else all that are expected or met, equally. */
function domainParts({ domains, domainNames, count }: Candidates, rules: SelectionRules): DomainShare[] {
  const named = new Map<string, number>()
  for (const [name, weight] of Object.entries(rules.domains)) {
    const domain = balancedDomain(name)
    named.set(domain, (named.get(domain) ?? 0) + weight)
  }
  const counts = new Map<string, number>()
  for (let at = 0; at < count; at++) {
    const domain = domainNames.all[domains[at]!]!
    counts.set(domain, (counts.get(domain) ?? 0) + 1)
  }
  const expected = named.size > 0 ? [...named.keys()] : rules.expectedDomains.map(balancedDomain)
  const equally = (domain: string) => (domain === "unknown" ? null : 1)
  return [...new Set([...expected, ...counts.keys()])].sort().map((domain) => ({
    domain,
    weight: named.size > 0 ? (named.get(domain) ?? null) : equally(domain),
    candidates: counts.get(domain) ?? 0,
    places: 0,
    taken: 0,
    lowTokens: null,
    highTokens: null,
  }))
}

/** A domain's candidates that are not refused, best first. */
interface Queue {
  shift(): number | null
}

/** Sorts the candidates into their domains, finds the tails of the lengths and leaves out what is refused. */
function queuesOf(candidates: Candidates, parts: readonly DomainShare[], rules: SelectionRules): Queue[] {
  const { domains, domainNames, passRates, tokens, ranks, ids, count } = candidates
  const partAt = new Map(parts.map(({ domain }, at) => [domain, at]))
  const partOfName = domainNames.all.map((name) => partAt.get(name)!)
  const hardest = rules.difficulty.order === "hardest"
  const figures = (candidate: number) => ({ passRate: passRates[candidate]!, tokens: tokens[candidate]! })
  const byPart: number[][] = parts.map(() => [])
  for (let candidate = 0; candidate < count; candidate++) {
    const at = partOfName[domains[candidate]!]!
    if (refusalOf(figures(candidate), parts[at]!, rules) === null) byPart[at]!.push(candidate)
  }
  return parts.map((part, at) => {
    const eligible = Uint32Array.from(byPart[at]!)
    byPart[at] = []
    setTails(part, tokens, eligible, rules.length)
    const queue = eligible
      .filter((candidate) => refusalOf(figures(candidate), part, rules) === null)
      .sort(
        (a, b) =>
          (hardest ? passRates[a]! - passRates[b]! : 0) || ranks[a]! - ranks[b]! || (ids[a]! < ids[b]! ? -1 : 1),
      )
    let next = 0
    return { shift: () => (next < queue.length ? queue[next++]! : null) }
  })
}

/** At most the given shares of a domain's candidates lie beyond its tails; equals of the last one inside are inside. */
function setTails(
  part: DomainShare,
  tokens: Int32Array,
  eligible: Uint32Array,
  { shortest, longest }: SelectionRules["length"],
): void {
  if (eligible.length === 0) return
  const lengths = Int32Array.from(eligible, (candidate) => tokens[candidate]!).sort()
  part.lowTokens = lengths[Math.floor(lengths.length * shortest)] ?? null
  part.highTokens = lengths[lengths.length - 1 - Math.floor(lengths.length * longest)] ?? null
}

/** Gives every domain the places that it would have if none ran out. */
function apportion(parts: readonly DomainShare[], maximum: number, seed: number): void {
  const weighted = parts.filter(({ weight }) => weight !== null)
  inTurn(weighted, maximum, seed, (at) => {
    weighted[at]!.places++
    return true
  })
}

/**
 * Goes round until `maximum` places are given or no domain takes one: the next place is offered to the domain with the smallest
 * (places + 1/2) / weight. A domain that does not take it is out. Of equals the order is chance by the seed, not the alphabet.
 */
function inTurn(parts: readonly DomainShare[], maximum: number, seed: number, take: (domain: number) => boolean): void {
  const open = parts
    .map(({ domain, weight }, at) => ({ at, weight, given: 0, rank: uniform(seed, "select domain", domain) }))
    .filter(({ weight }) => weight !== 0)
    .sort((a, b) => a.rank - b.rank)
  const quotient = ({ weight, given }: (typeof open)[number]) =>
    weight === null ? Number.POSITIVE_INFINITY : (given + 0.5) / weight
  for (let places = 0; places < maximum && open.length > 0; ) {
    let best = open[0]!
    for (const one of open) {
      const [a, b] = [quotient(one), quotient(best)]
      if (a < b || (a === b && one.given < best.given)) best = one
    }
    if (take(best.at)) {
      best.given++
      places++
    } else open.splice(open.indexOf(best), 1)
  }
}
