// Node's zstd stream stops after the first frame and says nothing of the rest. Files often have several (zstd -T, cat, pzstd), so
// the frames are found by their headers (RFC 8878, section 3.1) and each is decompressed on its own.
import { constants, createZstdDecompress } from "node:zlib"

const frameMagic = 0xfd2fb528

/** Decompresses all frames in order. Throws where the data is no zstd or ends inside a frame. */
export async function* zstdDecompressed(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  const input = new Input(source)
  while (await input.has(1)) {
    const magic = await input.peek(4)
    const skippable = (magic.readUInt32LE(0) & 0xfffffff0) >>> 0 === 0x184d2a50
    if (skippable) {
      await input.take(4)
      await input.skip((await input.take(4)).readUInt32LE(0))
    } else if (magic.readUInt32LE(0) === frameMagic) yield* decompressedFrame(frameOf(input))
    else throw new Error(`expected a zstd frame, got ${magic.toString("hex")}`)
  }
}

async function* decompressedFrame(parts: AsyncGenerator<Buffer>): AsyncGenerator<Buffer, void, void> {
  // 2^31 bytes is what `zstd --long=31` may ask for; Node's default refuses more than 2^27.
  const decoder = createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: 31 } })
  let fault: unknown
  const fed = feed(parts, decoder).catch((error) => {
    fault = error
    decoder.destroy(error as Error)
  })
  try {
    for await (const chunk of decoder) yield chunk as Buffer
  } catch (error) {
    throw fault ?? error
  } finally {
    decoder.destroy()
    await fed
  }
}

async function feed(parts: AsyncIterable<Buffer>, decoder: ReturnType<typeof createZstdDecompress>): Promise<void> {
  for await (const part of parts) {
    if (decoder.destroyed) return
    if (!decoder.write(part))
      await new Promise<void>((resolve) => {
        const done = () => {
          decoder.off("drain", done).off("close", done)
          resolve()
        }
        decoder.on("drain", done).on("close", done)
      })
  }
  decoder.end()
}

/** The bytes of one frame, in parts. */
async function* frameOf(input: Input): AsyncGenerator<Buffer, void, void> {
  const start = await input.take(5)
  const descriptor = start[4]!
  const singleSegment = (descriptor >> 5) & 1
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!
  const sizeBytes = [singleSegment, 2, 4, 8][descriptor >> 6]!
  yield start
  const rest = (singleSegment ? 0 : 1) + dictionaryBytes + sizeBytes
  if (rest > 0) yield await input.take(rest)
  for (let last = false; !last; ) {
    const header = await input.take(3)
    const word = header.readUIntLE(0, 3)
    last = (word & 1) === 1
    const runLength = ((word >> 1) & 3) === 1
    yield header
    yield await input.take(runLength ? 1 : word >> 3)
  }
  if (descriptor & 4) yield await input.take(4)
}

/** Bytes from a stream by count. */
class Input {
  readonly #chunks: AsyncIterator<Buffer>
  #held: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]()
  }

  async has(count: number): Promise<boolean> {
    const parts = [this.#held]
    let length = this.#held.byteLength
    while (length < count) {
      const { done, value } = await this.#chunks.next()
      if (done) break
      parts.push(value)
      length += value.byteLength
    }
    this.#held = parts.length === 1 ? this.#held : Buffer.concat(parts)
    return length >= count
  }

  async peek(count: number): Promise<Buffer> {
    if (!(await this.has(count))) throw new Error("unexpected end of file")
    return this.#held.subarray(0, count)
  }

  async take(count: number): Promise<Buffer> {
    const bytes = await this.peek(count)
    this.#held = this.#held.subarray(count)
    return bytes
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      await this.peek(1)
      const taken = Math.min(left, this.#held.byteLength)
      await this.take(taken)
      left -= taken
    }
  }
}
