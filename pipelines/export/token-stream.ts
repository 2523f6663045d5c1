import { int32Bytes } from "./int32-bytes.ts"

/** Places of the stream, about, that are gathered before they are written or compared. */
const gathered = 1 << 18

/** A piece of the stream: its ids as little-endian int32, and a byte for each of them, 1 where it bears loss. */
export interface StreamPiece {
  readonly ids: Buffer
  readonly mask: Buffer
}

/** Documents one behind the other, each with the token that ends it; piece by piece, in memory that is used again. */
export class TokenStream {
  readonly #endOfDocument: number
  #ids = new Int32Array(gathered)
  #mask = Buffer.alloc(gathered)
  /** Places that wait to be taken. */
  places = 0
  /** Of all documents so far. */
  trainedTokens = 0

  /** `endOfDocument` stands behind every document that does not end with it; without loss there, because no sample asks for it. */
  constructor(endOfDocument: number) {
    this.#endOfDocument = endOfDocument
  }

  /** Takes a document; returns its length in the stream. */
  add({ inputIds, labels }: { inputIds: Int32Array; labels: Int32Array }): number {
    const { length } = inputIds
    const ended = length > 0 && inputIds[length - 1] === this.#endOfDocument
    const places = ended ? length : length + 1
    this.#need(places)
    const start = this.places
    this.#ids.set(inputIds, start)
    if (!ended) this.#ids[start + length] = this.#endOfDocument
    let trained = 0
    for (let at = 0; at < length; at++) {
      const bears = labels[at] === -100 ? 0 : 1
      this.#mask[start + at] = bears
      trained += bears
    }
    if (!ended) this.#mask[start + length] = 0
    this.trainedTokens += trained
    this.places += places
    return places
  }

  /** Whether it is time to `take`. */
  get full(): boolean {
    return this.places >= gathered
  }

  /** What waits; it stands until the next document is added. */
  take(): StreamPiece {
    const piece = { ids: int32Bytes(this.#ids.subarray(0, this.places)), mask: this.#mask.subarray(0, this.places) }
    this.places = 0
    return piece
  }

  #need(places: number): void {
    if (this.places + places <= this.#ids.length) return
    const length = Math.max(2 * this.#ids.length, this.places + places)
    const [ids, mask] = [new Int32Array(length), Buffer.alloc(length)]
    ids.set(this.#ids.subarray(0, this.places))
    mask.set(this.#mask.subarray(0, this.places))
    this.#ids = ids
    this.#mask = mask
  }
}
