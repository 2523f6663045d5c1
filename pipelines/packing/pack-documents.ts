import { BestFitPacker, type PackOptions } from "./best-fit.ts"
import { joinSegments, type PackedTokens, type TokenSegment } from "./pack-samples.ts"

/** The rest of a long document, with the rows that it filled before. */
interface Piece extends TokenSegment {
  readonly before: readonly TokenSegment[]
}

/**
 * Packs documents for pre-training, where every token has loss. A document gets the end-of-document token unless it has one. One longer
 * than a row fills as many rows as it can, and what is left of it opens the row that follows; others stay whole. So a segment that
 * does not end with that token fills its row.
 */
export class DocumentPacker {
  readonly #packer: BestFitPacker<Piece>
  readonly #sequenceLength: number
  readonly #endOfDocument: number
  #rows = 0
  #places = 0

  constructor(options: PackOptions & { endOfDocument: number }) {
    this.#packer = new BestFitPacker(options)
    this.#sequenceLength = options.sequenceLength
    this.#endOfDocument = options.endOfDocument
  }

  /** Takes a document's ids; an empty one is nothing. */
  add(ids: Int32Array): PackedTokens[] {
    if (ids.length === 0) return []
    const document = endedWith(ids, this.#endOfDocument)
    const whole = Math.floor((document.length - 1) / this.#sequenceLength)
    const pieces = Array.from({ length: whole + 1 }, (_, at) =>
      pieceOf(document.subarray(at * this.#sequenceLength, (at + 1) * this.#sequenceLength)),
    )
    const rest = pieces.pop()!
    return this.#joined(this.#packer.add({ ...rest, opensRow: whole > 0, before: pieces }))
  }

  end(): PackedTokens[] {
    return this.#joined(this.#packer.end())
  }

  /** Tokens over places of the rows so far; 1 where there are none. */
  get fill(): number {
    return this.#rows === 0 ? 1 : this.#places / (this.#rows * this.#sequenceLength)
  }

  #joined(rows: readonly Piece[][]): PackedTokens[] {
    return rows
      .flatMap((segments) => [...segments[0]!.before.map((piece) => [piece]), segments])
      .map((segments) => {
        const row = joinSegments(segments)
        this.#rows++
        this.#places += row.input_ids.length
        return row
      })
  }
}

const pieceOf = (ids: Int32Array): TokenSegment => ({ length: ids.length, inputIds: ids, labels: ids })

function endedWith(ids: Int32Array, token: number): Int32Array {
  if (ids.at(-1) === token) return ids
  const ended = new Int32Array(ids.length + 1)
  ended.set(ids)
  ended[ids.length] = token
  return ended
}
