import { RowError } from "../pipelines/runtime/errors.ts"
import type { Row, RowStep, Side } from "../pipelines/runtime/step.ts"
import { hashNgrams, NgramSet, ngramLength, splitWords, type Words } from "./ngrams.ts"
import { responseOf } from "./response.ts"

/** Thresholds, as `filters.similarity` of the config has them. */
export interface ReserveSimilarityParams {
  /** Words in an n-gram shared with a reserve question; half as many characters again in scripts without spaces. */
  readonly ngram: number
  /** Share of n-grams found in the reserve above which a response is dropped. */
  readonly maxShare: number
}

/**
 * Drops responses that are too similar to a question of the validation reserve: the share of the n-grams of the question, the
 * thinking or the answer (the largest of the three) that stand in a reserve question. A reserve question shorter than an
 * n-gram counts as a whole: a text that holds it, signs included, has a share of 1. `reserve` names the side dataset with rows
 * {id, question}. Sixth response criterion of the Qwen3 report (arXiv 2505.09388, section 4.1).
 */
export function reserveSimilarity(params: ReserveSimilarityParams, reserve = "reserve"): RowStep {
  const { ngram, maxShare } = params
  const indexes = new WeakMap<readonly Row[], ReserveIndex>()
  return {
    id: "reserve-similarity",
    version: 1,
    params: { ngram, maxShare, reserve },
    about: "Drops responses that share n-grams with the validation reserve",
    kind: "row",
    run(row, side) {
      const rows = reserveRows(side, reserve)
      if (rows.length === 0) return null
      const index = indexes.get(rows) ?? new ReserveIndex(rows, ngram)
      indexes.set(rows, index)
      const texts = responseOf(row)
      let worst: Match | null = null
      for (const part of ["question", "thinking", "answer"] as const) {
        const match = index.match(texts[part], part)
        if (match.share > (worst?.share ?? 0)) worst = match
      }
      if (worst === null || worst.share <= maxShare) return null
      const { part, questions, ngrams, share } = worst
      return {
        reason: "reserve-similarity",
        measured: share,
        threshold: maxShare,
        evidence: { part, questions, ngrams },
      }
    },
  }
}

function reserveRows(side: Side, name: string): readonly Row[] {
  const rows = side.get(name)
  if (!rows) throw new RowError("no-reserve", `side dataset ${name}: expected rows {id, question}, got nothing`)
  return rows
}

interface Match {
  part: string
  share: number
  /** Ids of the reserve questions that were met, and the shared n-grams, both cut short. */
  questions: string[]
  ngrams: string[]
}

const maxEvidence = 8
const maxExcerpt = 160

/** The reserve's questions, hashed once. */
class ReserveIndex {
  readonly #ngram: number
  readonly #ids: string[]
  readonly #texts: string[]
  /** Words of all questions, one after another, and the question of each word. */
  readonly #words: Uint32Array
  readonly #owner: Int32Array
  /** The n-grams of the questions that have any, by length. */
  readonly #sets: NgramSet[]
  /** The other questions as wholes: number of words -> hash -> offsets of the questions. */
  readonly #wholes = new Map<number, Map<number, number[]>>()

  constructor(rows: readonly Row[], ngram: number) {
    this.#ngram = ngram
    this.#ids = rows.map((row) => String(row.id))
    this.#texts = rows.map((row) => (typeof row.question === "string" ? row.question : ""))
    const questions = this.#texts.map(splitWords)
    const total = questions.reduce((sum, { count }) => sum + count, 0)
    this.#words = new Uint32Array(total)
    this.#owner = new Int32Array(total)
    this.#sets = [...new Set([ngram, Math.ceil(ngram * 1.5)])].map((n) => new NgramSet(n, this.#words, total))
    let offset = 0
    questions.forEach((words, question) => {
      this.#words.set(words.hashes.subarray(0, words.count), offset)
      this.#owner.fill(question, offset, offset + words.count)
      this.#addQuestion(words, offset)
      offset += words.count
    })
  }

  #addQuestion(words: Words, offset: number): void {
    if (words.count === 0) return
    if (words.count < ngramLength(words, this.#ngram)) {
      const sameLength = this.#wholes.get(words.count) ?? new Map<number, number[]>()
      this.#wholes.set(words.count, sameLength)
      const hash = hashNgrams(words, words.count)[0]!
      sameLength.set(hash, [...(sameLength.get(hash) ?? []), offset])
      return
    }
    for (const set of this.#sets)
      hashNgrams(words, set.n).forEach((hash, at) => {
        set.add(hash, offset + at)
      })
  }

  match(text: string, part: string): Match {
    const words = splitWords(text)
    const met = { part, share: 0, questions: [] as string[], ngrams: [] as string[] }
    for (const [n, sameLength] of this.#wholes) {
      const hashes = hashNgrams(words, n)
      for (let at = 0; at < hashes.length; at++)
        for (const found of sameLength.get(hashes[at]!) ?? []) {
          const span = text.slice(words.starts[at]!, words.ends[at + n - 1]!)
          if (!sameSigns(span, this.#texts[this.#owner[found]!]!)) continue
          met.share = 1
          this.#note(met, found, span)
        }
    }
    const n = ngramLength(words, this.#ngram)
    const set = this.#sets.find((one) => one.n === n)!
    const hashes = hashNgrams(words, n)
    let hits = 0
    let noted = -n
    for (let at = 0; at < hashes.length; at++) {
      const found = set.find(hashes[at]!, words.hashes, at)
      if (found < 0) continue
      hits++
      if (at >= noted + n) {
        noted = at
        this.#note(met, found, text.slice(words.starts[at]!, words.ends[at + n - 1]!))
      }
    }
    if (hashes.length > 0) met.share = Math.max(met.share, hits / hashes.length)
    return met
  }

  #note(met: Match, found: number, span: string): void {
    const id = this.#ids[this.#owner[found]!]!
    if (met.questions.length < maxEvidence && !met.questions.includes(id)) met.questions.push(id)
    if (met.ngrams.length < maxEvidence) met.ngrams.push(span.slice(0, maxExcerpt).toWellFormed())
  }
}

// `7 + 5` and `7 - 5` have the same words: short questions must also agree in their signs.
const sameSigns = (span: string, question: string) => signs(span) === signs(question)
const signs = (text: string) =>
  text
    .toLowerCase()
    .replace(/\s+/g, "")
    .replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "")
