import { RowError } from "../../pipelines/runtime/errors.ts"
import { type IdColumn, joinedIds, type Kernel, type TextColumn } from "./kernel.ts"
import { fillCodePoints, powerOfTwo } from "./kernel-tables.ts"
import type { TokenizerFile } from "./tokenizer-file.ts"
import { instantiateKernel, type KernelExports } from "./wasm-module.ts"

/** What `run` of the kernel says. */
const done = 0
const invalid = 2

/** Bytes of rows, about, that go to the kernel at once. */
const batchBytes = 1 << 20

/** Longest text in bytes: with its NFC, which may be three times as long, it must fit the 4 GiB of a kernel's memory. */
const mostBytes = 512 * 2 ** 20

/**
 * Byte-level BPE in WebAssembly: NFC, words, merges and the cache of words are all there. Takes about 9 MB, and for a text of n bytes n
 * more, 4 n with NFC to do.
 */
export class WasmKernel implements Kernel {
  readonly #kernel: KernelExports
  #bytes = new Uint8Array(0)
  #words = new Int32Array(0)
  readonly #encoder = new TextEncoder()

  constructor({ byteIds, merges }: Pick<TokenizerFile, "byteIds" | "merges">) {
    this.#kernel = instantiateKernel()
    fillCodePoints(this.#kernel)
    this.#setMerges(byteIds, merges)
    this.#kernel.start()
  }

  /** How often a pair was looked up or a heap's entry moved, since the start: the work of merging. */
  get steps(): bigint {
    return this.#kernel.steps.value
  }

  encode(text: string): Int32Array {
    // Short texts are not measured first: that would take longer than the room that is not used.
    const room = text.length < 1 << 14 ? 3 * text.length : Buffer.byteLength(text)
    checkLength(room)
    const kernel = this.#kernel
    kernel.begin(room, 1)
    this.#see()
    const start = kernel.text()
    const { written } = this.#encoder.encodeInto(text, this.#bytes.subarray(start, start + room))
    this.#words[kernel.rowEnds() >> 2] = written
    return this.#run(0)
  }

  encodeColumn({ bytes, offsets }: TextColumn): IdColumn {
    const rows = offsets.length - 1
    const parts: Int32Array[] = []
    const ends = new Int32Array(rows + 1)
    let total = 0
    for (let from = 0; from < rows; ) {
      let to = from + 1
      while (to < rows && offsets[to + 1]! - offsets[from]! <= batchBytes) to++
      const ids = this.#runRows(bytes, offsets, from, to)
      const counts = this.#kernel.rowCounts() >> 2
      for (let row = from; row < to; row++) ends[row + 1] = total + this.#words[counts + row - from]!
      total += ids.length
      parts.push(ids)
      from = to
    }
    return { ids: joinedIds(parts), offsets: ends }
  }

  /** The ids of the rows `from` up to `to`. */
  #runRows(bytes: Uint8Array, offsets: Int32Array, from: number, to: number): Int32Array {
    const start = offsets[from]!
    const length = offsets[to]! - start
    checkLength(length)
    this.#kernel.begin(length, to - from)
    this.#see()
    this.#bytes.set(bytes.subarray(start, start + length), this.#kernel.text())
    const rowEnds = this.#kernel.rowEnds() >> 2
    for (let row = from; row < to; row++) this.#words[rowEnds + row - from] = offsets[row + 1]! - start
    return this.#run(from)
  }

  /** All ids of the batch, whose first row is row `first` of the column. */
  #run(first: number): Int32Array {
    const kernel = this.#kernel
    const parts: Int32Array[] = []
    for (;;) {
      const result = kernel.run()
      this.#see()
      if (result === invalid) throw notUtf8(first + kernel.faultRow(), kernel.faultByte())
      const ids = kernel.ids() >> 2
      parts.push(this.#words.slice(ids, ids + kernel.count()))
      if (result === done) return joinedIds(parts)
    }
  }

  #setMerges(byteIds: Int32Array, merges: Int32Array): void {
    const kernel = this.#kernel
    const count = merges.length / 3
    const size = powerOfTwo(1.5 * count)
    const table = kernel.allocate(8 * size)
    const results = kernel.allocate(4 * count)
    // What is only read once stands where texts will stand.
    kernel.begin(merges.byteLength, 0)
    this.#see()
    this.#words.set(byteIds, kernel.byteIdsTable() >> 2)
    this.#words.set(merges, kernel.text() >> 2)
    kernel.setMerges(kernel.text(), count, table, size, results)
  }

  /** Memory that grew stands in another buffer. */
  #see(): void {
    const { buffer } = this.#kernel.memory
    if (this.#bytes.buffer === buffer) return
    this.#bytes = new Uint8Array(buffer)
    this.#words = new Int32Array(buffer)
  }
}

function checkLength(bytes: number): void {
  if (bytes > mostBytes) throw new RowError("too-long", `expected a text of at most ${mostBytes} bytes, got ${bytes}`)
}

const notUtf8 = (row: number, byte: number) =>
  new RowError("bad-text", `row ${row} of the column: expected UTF-8, got another byte at ${byte}`)
