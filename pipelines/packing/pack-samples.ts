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

/** A sample that waits for its row. */
interface SampleSegment extends Segment {
  readonly id: string
  /** Its ids are block[start, start + length). */
  block: Int32Array
  start: number
  /** Labels are -100 up to this place and the ids from it on, as a loss on the answer alone is; else they stand in `labels`. */
  readonly trainedFrom: number
  readonly labels: Int32Array | null
}

const untrained = -100

/** What `add` gives where no row is done. */
export const noRows: readonly PackedSamples[] = []

/** Ids of the samples that wait stand in blocks of so many: an array of its own for each takes several times its ids. */
const blockLength = 1 << 20

/**
 * Packs whole samples: no sample is cut or goes on in another row, and rows are not padded. `fill` says how much of the rows is
 * taken. Takes copies; memory is 4 bytes for each token of a window and about 100 for each sample in it.
 */
export class SamplePacker {
  readonly #packer: BestFitPacker<SampleSegment>
  readonly #sequenceLength: number
  #waiting: SampleSegment[] = []
  #block = new Int32Array(0)
  #used = 0
  #rows = 0
  #places = 0

  constructor(options: PackOptions) {
    this.#packer = new BestFitPacker(options)
    this.#sequenceLength = options.sequenceLength
  }

  /** Takes a sample; gives the rows that are done (`noRows` if none), which are joined one by one as they are asked for. */
  add({ id, inputIds, labels }: PackableSample): Iterable<PackedSamples> {
    const { length } = inputIds
    const trainedFrom = startOfLoss(inputIds, labels)
    const segment = {
      length,
      id,
      ...this.#placed(inputIds),
      trainedFrom,
      labels: trainedFrom < 0 ? labels.slice() : null,
    }
    const rows = this.#packer.add(segment)
    this.#waiting.push(segment)
    if (rows.length === 0) return noRows
    this.#release(rows)
    return this.#joined(rows)
  }

  /** The rows that are left. */
  end(): Iterable<PackedSamples> {
    this.#waiting = []
    return this.#joined(this.#packer.end())
  }

  /** Tokens over places of the rows that were given; 1 where there are none. */
  get fill(): number {
    return this.#rows === 0 ? 1 : this.#places / (this.#rows * this.#sequenceLength)
  }

  #placed(ids: Int32Array): { block: Int32Array; start: number } {
    if (this.#used + ids.length > this.#block.length) {
      this.#block = new Int32Array(Math.max(blockLength, ids.length))
      this.#used = 0
    }
    const start = this.#used
    this.#block.set(ids, start)
    this.#used += ids.length
    return { block: this.#block, start }
  }

  /** Moves the samples that go on waiting into blocks of their own, so that those of the others can go. */
  #release(rows: readonly SampleSegment[][]): void {
    const done = new Set(rows.flat())
    this.#waiting = this.#waiting.filter((segment) => !done.has(segment))
    this.#block = new Int32Array(0)
    this.#used = 0
    for (const segment of this.#waiting)
      Object.assign(segment, this.#placed(segment.block.subarray(segment.start, segment.start + segment.length)))
  }

  *#joined(rows: readonly SampleSegment[][]): Generator<PackedSamples> {
    for (const segments of rows) {
      const row = joinSamples(segments)
      this.#rows++
      this.#places += row.input_ids.length
      yield { row, ids: segments.map(({ id }) => id) }
    }
  }
}

/** Where the ids bear loss from; -1 where they do not bear it from there to their end. */
function startOfLoss(inputIds: Int32Array, labels: Int32Array): number {
  let start = 0
  while (start < labels.length && labels[start] === untrained) start++
  for (let at = start; at < labels.length; at++) if (labels[at] !== inputIds[at]) return -1
  return start
}

function joinSamples(segments: readonly SampleSegment[]): PackedTokens {
  const seq_lengths = Int32Array.from(segments, ({ length }) => length)
  const places = seq_lengths.reduce((sum, length) => sum + length, 0)
  const input_ids = new Int32Array(places)
  const labels = new Int32Array(places).fill(untrained)
  let at = 0
  for (const { block, start, length, trainedFrom, labels: own } of segments) {
    input_ids.set(block.subarray(start, start + length), at)
    labels.set(own ?? block.subarray(start + trainedFrom, start + length), own ? at : at + trainedFrom)
    at += length
  }
  return { input_ids, labels, seq_lengths }
}
