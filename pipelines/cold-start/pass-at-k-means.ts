import { passAtK } from "../../annotators/pass-rate.ts"

/** The mean pass@k of all drafted questions, and of the selected ones among them. */
export interface PassAtKMean {
  readonly k: number
  /** Questions of which at least k drafts were verified. */
  readonly all: number
  readonly selected: number
  readonly meanOfAll: number
  readonly meanOfSelected: number
}

/**
 * Counts questions by the verified drafts of their first wave and the right ones among them; the means do not depend on the order in
 * which questions are added. Memory: a counter for each pair of counts.
 */
export class PassAtKMeans {
  readonly #firstWave: number
  readonly #counts = new Map<number, { all: number; selected: number }>()

  /** `firstWave` drafts were asked for of every question. */
  constructor(firstWave: number) {
    this.#firstWave = firstWave
  }

  /** Takes a question in; one without a verified draft counts for nothing. */
  add(verified: number, correct: number, isSelected: boolean): void {
    const key = verified * (this.#firstWave + 1) + correct
    const count = this.#counts.get(key) ?? { all: 0, selected: 0 }
    this.#counts.set(key, { all: count.all + 1, selected: count.selected + (isSelected ? 1 : 0) })
  }

  /** The means for k = 1, 2, 4 ... as far as there are questions with so many verified drafts. */
  means(): PassAtKMean[] {
    const byKey = [...this.#counts].sort(([a], [b]) => a - b)
    const means: PassAtKMean[] = []
    for (let k = 1; k <= this.#firstWave; k *= 2) {
      const sums = { all: 0, selected: 0, ofAll: 0, ofSelected: 0 }
      for (const [key, { all, selected }] of byKey) {
        const verified = Math.floor(key / (this.#firstWave + 1))
        if (verified < k) continue
        const chance = passAtK(verified, key % (this.#firstWave + 1), k)
        sums.all += all
        sums.selected += selected
        sums.ofAll += all * chance
        sums.ofSelected += selected * chance
      }
      const { all, selected } = sums
      if (all === 0) break
      const meanOfSelected = selected === 0 ? 0 : sums.ofSelected / selected
      means.push({ k, all, selected, meanOfAll: sums.ofAll / all, meanOfSelected })
    }
    return means
  }
}
