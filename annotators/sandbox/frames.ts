/** Bytes with their length before them, 4 bytes big-endian: how the harnesses are spoken to. */
export function frame(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(bytes.length)
  return Buffer.concat([head, bytes])
}

/** JSON in ASCII alone, so that every character of a hostile text survives, lone surrogates too. */
export const asciiJson = (value: unknown): Buffer =>
  Buffer.from(
    JSON.stringify(value).replace(
      /[\u007f-\uffff]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
    "latin1",
  )

const headBytes = 9

/** A frame to or from a tester: a letter that says its kind, the number of a job, bytes. */
export interface TesterFrame {
  readonly kind: string
  readonly job: number
  readonly payload: Buffer
}

/** The frame as it travels. */
export function testerFrame(kind: string, job: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(headBytes)
  head.writeUInt32BE(payload.length)
  head.write(kind, 4, "latin1")
  head.writeUInt32BE(job, 5)
  return Buffer.concat([head, payload])
}

/** Takes whole frames out of a stream of bytes. */
export class TesterFrames {
  #parts: Buffer[] = []
  #length = 0

  /** The frames that are whole with these bytes. */
  add(bytes: Buffer): TesterFrame[] {
    this.#parts.push(bytes)
    this.#length += bytes.length
    const frames: TesterFrame[] = []
    while (this.#length >= headBytes) {
      if (this.#parts[0]!.length < headBytes) this.#join()
      const size = headBytes + this.#parts[0]!.readUInt32BE()
      if (this.#length < size) break
      this.#join()
      const all = this.#parts[0]!
      this.#parts = [all.subarray(size)]
      this.#length -= size
      frames.push({
        kind: all.toString("latin1", 4, 5),
        job: all.readUInt32BE(5),
        payload: all.subarray(headBytes, size),
      })
    }
    return frames
  }

  #join(): void {
    if (this.#parts.length > 1) this.#parts = [Buffer.concat(this.#parts)]
  }
}
