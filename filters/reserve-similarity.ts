import { RowError } from "../pipelines/runtime/errors.ts"
import type { Row, RowStep, Side } from "../pipelines/runtime/step.ts"
import { hashNgrams, NgramSet, ngramLength, splitWords, type Words } from "./ngrams.ts"
import { responseOf } from "./response.ts"
import type { Span } from "./span.ts"

/** Thresholds, as `filters.similarity` of the config has them. */
export interface ReserveSimilarityParams {
  /** Words in an n-gram shared with a reserve question; half as many characters again in scripts without spaces. */
  readonly ngram: number
  /** Share of a text's n-grams found in the reserve above which a response is dropped. */
  readonly maxShare: number
  /** Share of one reserve question's n-grams found in a text above which a response is dropped. */
  readonly maxCoverage: number
}

/**
 * Drops responses that are too similar to a question of the validation reserve. Of question, thinking and answer the worst counts, by
 * two measures: the share of its n-grams that stand in the reserve, and the largest share of one reserve question's n-grams that
 * stand in it, so that a question quoted inside long thinking is found. A reserve question shorter than an n-gram counts as a whole: a
 * text that holds it, signs included, has a share of 1; one of fewer than three words tells nothing and is not looked for. `reserve`
 * names the side dataset with rows {id, question}. Linear in the text; sixth response criterion of the Qwen3 report (arXiv 2505.09388,
 * section 4.1).
 */
export function reserveSimilarity(params: ReserveSimilarityParams, reserve = "reserve"): RowStep {
  const { ngram, maxShare, maxCoverage } = params
  const indexes = new WeakMap<readonly Row[], ReserveIndex>()
  return {
    id: "reserve-similarity",
    version: 2,
    params: { ngram, maxShare, maxCoverage, reserve },
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
        if (match.share > maxShare || match.coverage > maxCoverage)
          if (worst === null || severity(match) > severity(worst)) worst = match
      }
      if (worst === null) return null
      const { part, questions, ngrams, spans, share, coverage } = worst
      const [measured, threshold] = share > maxShare ? [share, maxShare] : [coverage, maxCoverage]
      return {
        reason: "reserve-similarity",
        measured,
        threshold,
        evidence: { part, questions, ngrams, spans, share, coverage },
      }
    },
  }
}

function reserveRows(side: Side, name: string): readonly Row[] {
  const rows = side.get(name)
  if (!rows) throw new RowError("no-reserve", `side dataset ${name}: expected rows {id, question}, got nothing`)
  return rows
}

const severity = ({ share, coverage }: Match) => Math.max(share, coverage)

interface Match {
  part: string
  /** Share of the text's n-grams that are in the reserve. */
  share: number
  /** Largest share of one reserve question's n-grams that are in the text. */
  coverage: number
  /** Ids of the reserve questions that were met, and the shared n-grams, both cut short. */
  questions: string[]
  ngrams: string[]
  /** Where the n-grams stand in the text, in UTF-16 units. */
  spans: Span[]
}

const maxEvidence = 8
const maxNgram = 160
/** A question of fewer words, or one and a half times as many characters, is no question that could be told by its words. */
const leastWords = 3

/** The n-grams of one length in the reserve, each with all places where it stands. */
interface NgramIndex {
  readonly set: NgramSet
  /** Place -> the next place with an equal n-gram, or -1. */
  readonly next: Int32Array
  /** The last text, by number, in which the n-gram at each place was met. */
  readonly met: Int32Array
}

/** Questions of one length in words, as wholes: hash -> the places of different ones. */
type WholeIndex = Map<number, number[]>

/** Questions that share an n-gram are all looked at up to this many. */
const maxSharing = 64

/** The reserve's questions, hashed once. */
class ReserveIndex {
  readonly #ngram: number
  readonly #ids: string[]
  readonly #texts: string[]
  /** Words of all questions, one after another, the question of each word, and how many words each question has. */
  readonly #words: Uint32Array
  readonly #owner: Int32Array
  readonly #counts: Int32Array
  readonly #ngrams: NgramIndex[]
  /** Questions shorter than an n-gram, by their number of words. */
  readonly #wholes = new Map<number, WholeIndex>()
  #matched = 0

  constructor(rows: readonly Row[], ngram: number) {
    this.#ngram = ngram
    this.#ids = rows.map((row) => String(row.id))
    this.#texts = rows.map((row) => (typeof row.question === "string" ? row.question : ""))
    const questions = this.#texts.map(splitWords)
    const total = questions.reduce((sum, { count }) => sum + count, 0)
    this.#words = new Uint32Array(total)
    this.#owner = new Int32Array(total)
    this.#counts = Int32Array.from(questions, ({ count }) => count)
    this.#ngrams = [...new Set([ngram, Math.ceil(ngram * 1.5)])].map((n) => ({
      set: new NgramSet(n, this.#words, total),
      next: new Int32Array(total).fill(-1),
      met: new Int32Array(total),
    }))
    let offset = 0
    questions.forEach((words, question) => {
      this.#words.set(words.hashes.subarray(0, words.count), offset)
      this.#owner.fill(question, offset, offset + words.count)
      this.#addQuestion(words, offset)
      offset += words.count
    })
  }

  #addQuestion(words: Words, offset: number): void {
    if (words.count < ngramLength(words, leastWords)) return
    if (words.count < ngramLength(words, this.#ngram)) {
      this.#addWhole(words, offset)
      return
    }
    for (const { set, next } of this.#ngrams)
      hashNgrams(words, set.n).forEach((hash, at) => {
        const place = offset + at
        const first = set.add(hash, place)
        if (first < 0) return
        next[place] = next[first]!
        next[first] = place
      })
  }

  #addWhole(words: Words, offset: number): void {
    const sameLength: WholeIndex = this.#wholes.get(words.count) ?? new Map()
    this.#wholes.set(words.count, sameLength)
    const hash = hashNgrams(words, words.count)[0]!
    const places = sameLength.get(hash) ?? []
    const text = this.#textAt(offset)
    if (places.length < maxSharing && !places.some((place) => sameSigns(this.#textAt(place), text))) places.push(offset)
    sameLength.set(hash, places)
  }

  #textAt(place: number): string {
    return this.#texts[this.#owner[place]!]!
  }

  match(text: string, part: string): Match {
    const words = splitWords(text)
    const match: Match = { part, share: 0, coverage: 0, questions: [], ngrams: [], spans: [] }
    this.#matchWholes(text, words, match)
    this.#matchNgrams(text, words, match)
    return match
  }

  #matchWholes(text: string, words: Words, match: Match): void {
    for (const [n, sameLength] of this.#wholes) {
      const hashes = hashNgrams(words, n)
      for (let at = 0; at < hashes.length; at++) {
        const places = sameLength.get(hashes[at]!)
        if (places === undefined) continue
        const span: Span = [words.starts[at]!, words.ends[at + n - 1]!]
        const found = text.slice(span[0], span[1])
        for (const place of places) {
          if (!sameSigns(found, this.#textAt(place))) continue
          match.share = 1
          match.coverage = 1
          this.#note(match, place, found, span)
        }
      }
    }
  }

  #matchNgrams(text: string, words: Words, match: Match): void {
    const n = ngramLength(words, this.#ngram)
    const { set, next, met } = this.#ngrams.find((one) => one.set.n === n)!
    const hashes = hashNgrams(words, n)
    const seen = ++this.#matched
    const covered = new Map<number, number>()
    let hits = 0
    let noted = -n
    for (let at = 0; at < hashes.length; at++) {
      const found = set.find(hashes[at]!, words.hashes, at)
      if (found < 0) continue
      hits++
      if (at >= noted + n) {
        noted = at
        const span: Span = [words.starts[at]!, words.ends[at + n - 1]!]
        this.#note(match, found, text.slice(span[0], span[1]), span)
      }
      if (met[found] === seen) continue
      for (let place = found, sharing = 0; place >= 0 && sharing < maxSharing; place = next[place]!, sharing++) {
        met[place] = seen
        const owner = this.#owner[place]!
        covered.set(owner, (covered.get(owner) ?? 0) + 1)
      }
    }
    if (hashes.length > 0) match.share = Math.max(match.share, hits / hashes.length)
    for (const [question, ngrams] of covered)
      match.coverage = Math.max(match.coverage, ngrams / (this.#counts[question]! - n + 1))
  }

  #note(match: Match, place: number, ngram: string, span: Span): void {
    const id = this.#ids[this.#owner[place]!]!
    if (match.questions.length < maxEvidence && !match.questions.includes(id)) match.questions.push(id)
    if (match.ngrams.length >= maxEvidence) return
    match.ngrams.push(ngram.slice(0, maxNgram).toWellFormed())
    match.spans.push(span)
  }
}

// `7 + 5` and `7 - 5` have the same words: short questions must also agree in their signs.
const sameSigns = (span: string, question: string) => signs(span) === signs(question)
const signs = (text: string) =>
  text
    .toLowerCase()
    .replace(/\s+/g, "")
    .replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "")
