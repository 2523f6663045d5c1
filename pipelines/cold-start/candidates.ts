import { uniform } from "../runtime/fingerprint.ts"
import { balancedDomain } from "./domain-names.ts"
import { sketchBytes, writeSketch } from "./sketch.ts"

/** A question with an accepted response. */
export interface Candidate {
  readonly id: string
  /** The question with its choices: "Which of these is true?" is asked of many things. */
  readonly text: string
  /** The source's label, or the judge's. */
  readonly domain: string | null
  readonly source: string
  readonly language: string | null
  /** Share of right answers among the verified rollouts; null where none was verified. */
  readonly passRate: number | null
  /** Length of the response that would be taken. */
  readonly tokens: number
  /** Verified drafts of the first wave, and the right ones among them. */
  readonly verified: number
  readonly correct: number
}

/** Names by number, in the order in which they were met. */
export class Names {
  readonly all: string[] = []
  readonly #numbers = new Map<string, number>()

  numberOf(name: string): number {
    let number = this.#numbers.get(name)
    if (number === undefined) {
      number = this.all.push(name) - 1
      this.#numbers.set(name, number)
    }
    return number
  }
}

/**
 * All candidates of a selection by column, numbered from 0 in the order in which they were added: about 200 bytes and the id of each.
 * The text is kept as a sketch alone.
 */
export class Candidates {
  readonly ids: string[] = []
  readonly domainNames = new Names()
  readonly sourceNames = new Names()
  readonly languageNames = new Names()
  domains = new Int32Array(1_024)
  sources = new Int32Array(1_024)
  languages = new Int32Array(1_024)
  tokens = new Int32Array(1_024)
  verified = new Int32Array(1_024)
  correct = new Int32Array(1_024)
  passRates = new Float64Array(1_024)
  /** A number in [0, 1) for each, by seed and id: the order among equals. */
  ranks = new Float64Array(1_024)
  sketches = new Uint8Array(1_024 * sketchBytes)
  readonly #seed: number

  constructor(seed: number) {
    this.#seed = seed
  }

  get count(): number {
    return this.ids.length
  }

  add({ id, text, domain, source, language, passRate, tokens, verified, correct }: Candidate): void {
    const at = this.ids.push(id) - 1
    if (at === this.domains.length) this.#grow(at * 2)
    this.domains[at] = this.domainNames.numberOf(balancedDomain(domain))
    this.sources[at] = this.sourceNames.numberOf(source)
    this.languages[at] = this.languageNames.numberOf(language ?? "unknown")
    this.tokens[at] = tokens
    this.verified[at] = verified
    this.correct[at] = correct
    this.passRates[at] = passRate ?? 0
    this.ranks[at] = uniform(this.#seed, "select", id)
    writeSketch(text, this.sketches, at * sketchBytes)
  }

  #grow(length: number): void {
    this.domains = grown(this.domains, new Int32Array(length))
    this.sources = grown(this.sources, new Int32Array(length))
    this.languages = grown(this.languages, new Int32Array(length))
    this.tokens = grown(this.tokens, new Int32Array(length))
    this.verified = grown(this.verified, new Int32Array(length))
    this.correct = grown(this.correct, new Int32Array(length))
    this.passRates = grown(this.passRates, new Float64Array(length))
    this.ranks = grown(this.ranks, new Float64Array(length))
    this.sketches = grown(this.sketches, new Uint8Array(length * sketchBytes))
  }
}

function grown<T extends Int32Array | Float64Array | Uint8Array>(from: T, to: T): T {
  to.set(from)
  return to
}
