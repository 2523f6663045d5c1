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

/** A sample to pack. */
export interface PackableSample {
  readonly id: string
  readonly inputIds: Int32Array
  readonly labels: Int32Array
}

/** A row and the samples that it is made of, in order. */
export interface PackedSamples {
  readonly row: PackedTokens
  readonly ids: readonly string[]
}

interface SampleSegment extends TokenSegment {
  readonly id: string
}

/**
 * Packs whole samples: no sample is cut or goes on in another row, and rows are not padded. `fill` says how much of the rows is
 * taken.
 */
export class SamplePacker {
  readonly #packer: BestFitPacker<SampleSegment>
  readonly #sequenceLength: number
  #rows = 0
  #places = 0

  constructor(options: PackOptions) {
    this.#packer = new BestFitPacker(options)
    this.#sequenceLength = options.sequenceLength
  }

  /** Takes a sample; gives the rows that are done, which are joined one by one as they are asked for. */
  add({ id, inputIds, labels }: PackableSample): Iterable<PackedSamples> {
    return this.#joined(this.#packer.add({ length: inputIds.length, id, inputIds, labels }))
  }

  /** The rows that are left. */
  end(): Iterable<PackedSamples> {
    return this.#joined(this.#packer.end())
  }

  /** Tokens over places of the rows that were given; 1 where there are none. */
  get fill(): number {
    return this.#rows === 0 ? 1 : this.#places / (this.#rows * this.#sequenceLength)
  }

  *#joined(rows: readonly SampleSegment[][]): Generator<PackedSamples> {
    for (const segments of rows) {
      const row = joinSegments(segments)
      this.#rows++
      this.#places += row.input_ids.length
      yield { row, ids: segments.map(({ id }) => id) }
    }
  }
}
