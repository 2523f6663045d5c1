import { createHash } from "node:crypto"

/** A question with an accepted response. */
export interface Candidate {
  readonly id: string
  readonly domain: string
  /** Share of right answers among the verified rollouts. */
  readonly passRate: number
}

/**
 * Ids of at most `maximum` candidates, in the order in which they were chosen: round-robin over the domains, within a domain
 * the hardest first (lowest positive pass rate), equals by a seeded hash. Candidates without a positive pass rate are never
 * chosen. Depends on the set of candidates and the seed, not on their order. O(n log n).
 */
export function selectBalanced(
  candidates: readonly Candidate[],
  { maximum, seed }: { maximum: number; seed: number },
): string[] {
  const rank = (name: string) => createHash("sha256").update(`${seed}\0${name}`).digest("hex")
  const domains = new Map<string, { id: string; passRate: number; rank: string }[]>()
  for (const { id, domain, passRate } of candidates) {
    if (!(passRate > 0)) continue
    const members = domains.get(domain)
    const member = { id, passRate, rank: rank(id) }
    if (members) members.push(member)
    else domains.set(domain, [member])
  }
  // Which domain gets a last odd place is chance as well, not the alphabet.
  let open = [...domains]
    .map(([domain, members]) => ({
      rank: rank(`domain\0${domain}`),
      members: members.sort((a, b) => a.passRate - b.passRate || order(a.rank, b.rank)),
    }))
    .sort((a, b) => order(a.rank, b.rank))
  const chosen: string[] = []
  for (let round = 0; open.length > 0 && chosen.length < maximum; round++) {
    open = open.filter(({ members }) => members.length > round)
    for (const { members } of open) if (chosen.length < maximum) chosen.push(members[round]!.id)
  }
  return chosen
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** Indices of the `k` lengths nearest to their median, nearest first, equals by index. */
export function representative(lengths: readonly number[], k: number): number[] {
  const sorted = [...lengths].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const median = ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2
  return lengths
    .map((length, index) => ({ index, distance: Math.abs(length - median) }))
    .sort((a, b) => a.distance - b.distance || a.index - b.index)
    .slice(0, k)
    .map(({ index }) => index)
}
