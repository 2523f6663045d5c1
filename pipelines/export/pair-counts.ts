import { canonicalRowJson } from "../runtime/row-json.ts"

/** Counts rows by two words that each may be missing, without making a text of them for every row. */
export class PairCounts<First extends string | null, Second extends string | null> {
  readonly #counts = new Map<First, Map<Second, number>>()

  add(first: First, second: Second): void {
    let counts = this.#counts.get(first)
    if (!counts) {
      counts = new Map()
      this.#counts.set(first, counts)
    }
    counts.set(second, (counts.get(second) ?? 0) + 1)
  }

  /** What `of` makes of each pair, with its rows behind it, in the order of the canonical JSON of what it makes. */
  list<T extends object>(of: (first: First, second: Second) => T): (T & { rows: number })[] {
    const all: { key: string; counted: T & { rows: number } }[] = []
    for (const [first, counts] of this.#counts)
      for (const [second, rows] of counts) {
        const named = of(first, second)
        all.push({ key: canonicalRowJson(named), counted: { ...named, rows } })
      }
    return all.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ counted }) => counted)
  }
}
