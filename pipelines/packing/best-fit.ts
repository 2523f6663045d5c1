// Best-fit decreasing over a window of segments ("Fewer Truncations Improve Language Modeling", arXiv 2404.10830, packs the same way over a
// whole corpus; its paper measures close to full rows). The window keeps memory bounded: rows that stay too empty go into the next one.

/** Anything that takes `length` places of a row. */
export interface Segment {
  readonly length: number
  /** It must open its row, because it goes on where another row ended. */
  readonly opensRow?: boolean
}

export interface PackOptions {
  /** Places of a row. */
  readonly sequenceLength: number
  /** Places of the segments that are packed together; default 8 Mi. */
  readonly windowPlaces?: number
}

interface Entry<S> {
  readonly segment: S
  readonly order: number
}

interface PackedRow<S> {
  readonly entries: Entry<S>[]
  places: number
}

/** A row is emitted before the end only when so much of it is full. */
const fullEnough = 0.98

/**
 * Packs segments into rows: longest first, each into the fullest row that has room. The result depends on the segments and their order
 * alone; within a row they stand in the order in which they came (one that opens it in front), and so do rows by their first segment.
 */
export class BestFitPacker<S extends Segment> {
  readonly #sequenceLength: number
  readonly #windowPlaces: number
  #window: Entry<S>[] = []
  #places = 0
  #added = 0
  #carried = 0

  constructor({ sequenceLength, windowPlaces = 8 << 20 }: PackOptions) {
    if (!(Number.isSafeInteger(sequenceLength) && sequenceLength > 0))
      throw new RangeError(`Expected a sequence length of at least 1, got ${sequenceLength}`)
    this.#sequenceLength = sequenceLength
    this.#windowPlaces = Math.max(windowPlaces, 2 * sequenceLength)
  }

  /** Takes a segment; returns the rows that are done. Throws a RangeError for an empty one or one longer than a row. */
  add(segment: S): S[][] {
    if (segment.length < 1 || segment.length > this.#sequenceLength)
      throw new RangeError(`Expected a segment of 1 to ${this.#sequenceLength} places, got ${segment.length}`)
    this.#window.push({ segment, order: this.#added++ })
    this.#places += segment.length
    return this.#places - this.#carried >= this.#windowPlaces ? this.#pack(false) : []
  }

  /** The rows that are left. */
  end(): S[][] {
    return this.#pack(true)
  }

  #pack(all: boolean): S[][] {
    const rows = this.#rowsOfWindow()
    this.#window = []
    let done = rows
    if (!all) {
      const isFull = ({ places }: PackedRow<S>) => places >= fullEnough * this.#sequenceLength
      done = rows.filter(isFull)
      const open = rows.filter((row) => !isFull(row)).sort((a, b) => b.places - a.places || orderOf(a) - orderOf(b))
      // Segments that fit together badly must not fill the window for good.
      let left = open.reduce((sum, { places }) => sum + places, 0)
      let at = 0
      for (; left > this.#windowPlaces / 4; at++) {
        left -= open[at]!.places
        done.push(open[at]!)
      }
      this.#window = open
        .slice(at)
        .flatMap(({ entries }) => entries)
        .sort((a, b) => a.order - b.order)
    }
    this.#places = this.#window.reduce((sum, { segment }) => sum + segment.length, 0)
    this.#carried = this.#places
    for (const { entries } of done)
      entries.sort(
        (a, b) => Number(b.segment.opensRow ?? false) - Number(a.segment.opensRow ?? false) || a.order - b.order,
      )
    return done.sort((a, b) => orderOf(a) - orderOf(b)).map(({ entries }) => entries.map(({ segment }) => segment))
  }

  #rowsOfWindow(): PackedRow<S>[] {
    const rooms = new Rooms(this.#sequenceLength)
    const rows: PackedRow<S>[] = []
    const place = (entry: Entry<S>, at: number) => {
      const row = rows[at]!
      row.entries.push(entry)
      row.places += entry.segment.length
      rooms.put(this.#sequenceLength - row.places, at)
    }
    const newRow = () => rows.push({ entries: [], places: 0 }) - 1
    for (const entry of this.#window) if (entry.segment.opensRow) place(entry, newRow())
    const longestFirst = this.#window
      .filter(({ segment }) => !segment.opensRow)
      .sort((a, b) => b.segment.length - a.segment.length || a.order - b.order)
    for (const entry of longestFirst) place(entry, rooms.take(entry.segment.length) ?? newRow())
    return rows
  }
}

const orderOf = <S>({ entries }: PackedRow<S>): number => Math.min(...entries.map(({ order }) => order))

/** Rows by the room that is left in them: finds the least room that is enough, in steps that grow with the logarithm of a row's length. */
class Rooms {
  readonly #size: number
  /** Rows under each leaf of a tree over rooms 0..size - 1. */
  readonly #counts: Int32Array
  readonly #rows: number[][] = []

  constructor(sequenceLength: number) {
    this.#size = 2 ** Math.ceil(Math.log2(sequenceLength + 1))
    this.#counts = new Int32Array(2 * this.#size)
  }

  put(room: number, row: number): void {
    this.#rows[room] ??= []
    this.#rows[room].push(row)
    for (let at = this.#size + room; at >= 1; at >>= 1) this.#counts[at]!++
  }

  /** Takes out the row with the least room of at least `length`, the earliest made of several; undefined where there is none. */
  take(length: number): number | undefined {
    const room = this.#least(1, 0, this.#size, length)
    if (room < 0) return undefined
    for (let at = this.#size + room; at >= 1; at >>= 1) this.#counts[at]!--
    return this.#rows[room]!.shift()
  }

  #least(node: number, start: number, width: number, length: number): number {
    if (this.#counts[node] === 0 || start + width <= length) return -1
    if (width === 1) return start
    const left = this.#least(2 * node, start, width / 2, length)
    return left >= 0 ? left : this.#least(2 * node + 1, start + width / 2, width / 2, length)
  }
}
