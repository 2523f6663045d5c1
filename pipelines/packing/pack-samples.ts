import { BestFitPacker, type PackOptions, type Segment } from "./best-fit.ts"

/** Token ids and labels of one sample or one piece of a document. */
export interface TokenSegment extends Segment {
  readonly inputIds: Int32Array
  readonly labels: Int32Array
}

/** A row of F2: its segments joined. */
export type PackedTokens = {
  readonly input_ids: Int32Array
  readonly labels: Int32Array
  readonly seq_lengths: Int32Array
}

/** Joins segments into one row, in order. */
export function joinSegments(segments: readonly TokenSegment[]): PackedTokens {
  const seq_lengths = Int32Array.from(segments, ({ length }) => length)
  const places = seq_lengths.reduce((sum, length) => sum + length, 0)
  const input_ids = new Int32Array(places)
  const labels = new Int32Array(places)
  let at = 0
  for (const { inputIds, labels: of, length } of segments) {
    input_ids.set(inputIds, at)
    labels.set(of, at)
    at += length
  }
  return { input_ids, labels, seq_lengths }
}

/**
 * Packs whole samples: no sample is cut or goes on in another row, and rows are not padded. `fill` says how much of the rows is
 * taken.
 */
export class SamplePacker {
  readonly #packer: BestFitPacker<TokenSegment>
  readonly #sequenceLength: number
  #rows = 0
  #places = 0

  constructor(options: PackOptions) {
    this.#packer = new BestFitPacker(options)
    this.#sequenceLength = options.sequenceLength
  }

  add(sample: { inputIds: Int32Array; labels: Int32Array }): PackedTokens[] {
    const { inputIds, labels } = sample
    return this.#joined(this.#packer.add({ length: inputIds.length, inputIds, labels }))
  }

  end(): PackedTokens[] {
    return this.#joined(this.#packer.end())
  }

  /** Tokens over places of the rows so far; 1 where there are none. */
  get fill(): number {
    return this.#rows === 0 ? 1 : this.#places / (this.#rows * this.#sequenceLength)
  }

  #joined(rows: readonly TokenSegment[][]): PackedTokens[] {
    return rows.map((segments) => {
      const row = joinSegments(segments)
      this.#rows++
      this.#places += row.input_ids.length
      return row
    })
  }
}
