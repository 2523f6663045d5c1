// F1 of the handoff: one stream of token ids (int32, little-endian) that Megatron, datatrove and dolma all read, each by tiny files of its
// own beside it. The layouts are those of megatron-core's IndexedDataset (MMIDIDX, version 1, one sequence for each document),
// datatrove's `.ds.index` and `.ds.metadata`, and dolma's bare `.npy` with a table of documents.
import { copyFile, link, mkdir } from "node:fs/promises"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import type { HandoffShard } from "../../schemas/handoff-manifest.ts"
import { ByteSink, type Written } from "../io/byte-sink.ts"
import { writeFailure } from "../runtime/disk.ts"
import { TokenStream } from "./token-stream.ts"

/** One document: its ids, which of them bear loss, and where it comes from. */
export interface TokenDocument {
  readonly id: string
  readonly inputIds: Int32Array
  /** [length]; -100 where there is no loss. */
  readonly labels: Int32Array
  /** What it was made from, and its row there. */
  readonly source: string
  readonly row: number
}

export interface TokenFilesOptions {
  /** Put behind every document that does not end with it; without loss there, because no sample asks for it. */
  readonly endOfDocument: number
  /** Named in datatrove's metadata. */
  readonly tokenizer: string
}

/** What stands beside a stream: all of it follows from the lengths of its documents and where they come from. */
export class TokenIndexes {
  #lengths = new Int32Array(1_024)
  documents = 0
  tokens = 0

  /** Takes a document; returns its line of dolma's table: start, end, id, source, row. */
  add({ id, length, source, row }: { id: string; length: number; source: string; row: number }): string {
    const line = `${this.tokens},${this.tokens + length},${cell(id)},${cell(source)},${row}\n`
    if (this.documents === this.#lengths.length) {
      const longer = new Int32Array(2 * this.documents)
      longer.set(this.#lengths)
      this.#lengths = longer
    }
    this.#lengths[this.documents++] = length
    this.tokens += length
    return line
  }

  get lengths(): Int32Array {
    return this.#lengths.subarray(0, this.documents)
  }

  /** Megatron's `.idx`. */
  megatron(): Buffer {
    return megatronIndex(this.lengths)
  }

  /** datatrove's `.ds.index`: where documents end, in tokens. */
  ends(): Buffer {
    const bytes = Buffer.alloc(8 * this.documents)
    let end = 0
    for (let at = 0; at < this.documents; at++) {
      end += this.#lengths[at]!
      writeUint64(bytes, end, 8 * at)
    }
    return bytes
  }

  /** datatrove's `.ds.metadata`. */
  metadata(tokenizer: string): string {
    return `${tokenizer}|4\n${this.tokens}\n${metric(this.tokens)}`
  }
}

/** Bytes of the table that are gathered before the disk gets them. */
const bufferBytes = 1 << 20

/** What the files hold, as the manifest names it. */
const schemas = {
  ids: "token ids: 32-bit little-endian, bare",
  mask: "loss: one byte for each token, 1 where it bears loss",
  megatron: "documents: Megatron MMIDIDX version 1",
  ends: "document ends in tokens: uint64 little-endian, bare",
  metadata: "text: tokenizer|bytes of an id, tokens, tokens for people",
  table: "gzip of CSV: start, end, id, source, row",
}

/**
 * Writes documents to `FOLDER/train.bin` with `.idx` (Megatron), `train.ds` with `.ds.index`, `.ds.metadata` and `.ds.loss` (datatrove), and
 * `token_ids_part_0000.npy`, `labels_mask_part_0000.npy` and `token_ids_part_0000.csv.gz` (dolma, open-instruct). Equal files are links to
 * one. Memory: 4 bytes for each document.
 */
export class TokenFiles {
  readonly #root: string
  readonly #folder: string
  readonly #options: TokenFilesOptions
  readonly #ids: ByteSink
  readonly #mask: ByteSink
  readonly #table: ZippedLines
  readonly #stream: TokenStream
  readonly #indexes = new TokenIndexes()

  private constructor(root: string, folder: string, options: TokenFilesOptions, sinks: [ByteSink, ByteSink, ByteSink]) {
    this.#root = root
    this.#folder = folder
    this.#options = options
    const [ids, mask, table] = sinks
    this.#ids = ids
    this.#mask = mask
    this.#table = new ZippedLines(table)
    this.#stream = new TokenStream(options.endOfDocument)
  }

  static async create(root: string, folder: string, options: TokenFilesOptions): Promise<TokenFiles> {
    try {
      await mkdir(join(root, folder), { recursive: true })
    } catch (error) {
      throw writeFailure(join(root, folder), error)
    }
    const open = (name: string) => ByteSink.create(join(root, folder, name))
    return new TokenFiles(root, folder, options, [
      await open("train.bin"),
      await open("train.ds.loss"),
      await open("token_ids_part_0000.csv.gz"),
    ])
  }

  async add({ id, inputIds, labels, source, row }: TokenDocument): Promise<void> {
    const length = this.#stream.add({ inputIds, labels })
    await this.#table.add(this.#indexes.add({ id, length, source, row }))
    if (this.#stream.full) await this.#write()
  }

  async #write(): Promise<void> {
    const { ids, mask } = this.#stream.take()
    await this.#ids.write(ids)
    await this.#mask.write(mask)
  }

  /** Writes the files beside the stream; all of them are synced. */
  async close(): Promise<HandoffShard[]> {
    await this.#write()
    const [ids, mask, table] = [await this.#ids.close(), await this.#mask.close(), await this.#table.close()]
    const beside: [string, string, Uint8Array | string][] = [
      ["train.idx", schemas.megatron, this.#indexes.megatron()],
      ["train.ds.index", schemas.ends, this.#indexes.ends()],
      ["train.ds.metadata", schemas.metadata, this.#indexes.metadata(this.#options.tokenizer)],
    ]
    const counted = { tokens: this.#indexes.tokens, trained_tokens: this.#stream.trainedTokens }
    const shards = [
      this.#shard("train.bin", ids, schemas.ids, counted),
      this.#shard("train.ds", await this.#same("train.bin", "train.ds", ids), schemas.ids, counted),
      this.#shard(
        "token_ids_part_0000.npy",
        await this.#same("train.bin", "token_ids_part_0000.npy", ids),
        schemas.ids,
        counted,
      ),
      this.#shard("train.ds.loss", mask, schemas.mask),
      this.#shard(
        "labels_mask_part_0000.npy",
        await this.#same("train.ds.loss", "labels_mask_part_0000.npy", mask),
        schemas.mask,
      ),
    ]
    shards.push(this.#shard("token_ids_part_0000.csv.gz", table, schemas.table))
    for (const [name, schema, content] of beside)
      shards.push(this.#shard(name, await this.#writeBeside(name, content), schema))
    return shards
  }

  async abort(): Promise<void> {
    await this.#ids.abort()
    await this.#mask.abort()
    await this.#table.abort()
  }

  #shard(
    name: string,
    { bytes, sha256 }: Written,
    schema: string,
    counted = { tokens: 0, trained_tokens: 0 },
  ): HandoffShard {
    return {
      path: `${this.#folder}/${name}`,
      bytes,
      sha256,
      logical_sha256: sha256,
      rows: this.#indexes.documents,
      ...counted,
      schema,
    }
  }

  async #writeBeside(name: string, content: Uint8Array | string): Promise<Written> {
    const sink = await ByteSink.create(join(this.#root, this.#folder, name))
    await sink.write(typeof content === "string" ? Buffer.from(content) : content)
    return sink.close()
  }

  async #same(from: string, to: string, written: Written): Promise<Written> {
    const [source, target] = [join(this.#root, this.#folder, from), join(this.#root, this.#folder, to)]
    try {
      await link(source, target).catch(() => copyFile(source, target))
    } catch (error) {
      throw writeFailure(target, error)
    }
    return written
  }
}

/** Megatron's index of documents that are one sequence each: 42 bytes and 20 for each document. */
export function megatronIndex(lengths: Int32Array): Buffer {
  const documents = lengths.length
  const index = Buffer.alloc(42 + 20 * documents)
  index.write("MMIDIDX\0\0", 0, "latin1")
  index.writeBigUInt64LE(1n, 9)
  index.writeUInt8(4, 17)
  index.writeBigUInt64LE(BigInt(documents), 18)
  index.writeBigUInt64LE(BigInt(documents + 1), 26)
  let at = 34
  for (const length of lengths) at = index.writeInt32LE(length, at)
  let pointer = 0
  for (const length of lengths) {
    at = writeUint64(index, pointer, at)
    pointer += 4 * length
  }
  for (let document = 0; document <= documents; document++) at = writeUint64(index, document, at)
  return index
}

/** Writes a safe integer that is not negative; returns where it ends. A bigint for each would cost many times as much. */
function writeUint64(bytes: Buffer, value: number, at: number): number {
  bytes.writeUInt32LE(value % 2 ** 32, at)
  return bytes.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4)
}

/** What Megatron's index says, or what is wrong with it. */
export function readMegatronIndex(index: Buffer): { lengths: Int32Array } | { fault: string } {
  if (index.length < 42 || index.toString("latin1", 0, 9) !== "MMIDIDX\0\0")
    return { fault: "it does not start as an index" }
  if (index.readBigUInt64LE(9) !== 1n) return { fault: `version ${index.readBigUInt64LE(9)} instead of 1` }
  if (index[17] !== 4) return { fault: `ids of type ${index[17]} instead of int32 (4)` }
  const documents = Number(index.readBigUInt64LE(18))
  if (index.readBigUInt64LE(26) !== BigInt(documents) + 1n || index.length !== 42 + 20 * documents)
    return { fault: `${index.length} bytes do not hold ${documents} documents` }
  const lengths = Int32Array.from({ length: documents }, (_, at) => index.readInt32LE(34 + 4 * at))
  if (!index.equals(megatronIndex(lengths))) return { fault: "its pointers do not follow from its lengths" }
  return { lengths }
}

/** 1234567 -> `1.23 MT`: three digits, as datatrove's metadata has it for people. */
export function metric(tokens: number): string {
  const power = tokens === 0 ? 0 : Math.floor(Math.log10(tokens))
  const step = Math.min(6, Math.floor(power / 3))
  const digits = Math.max(0, 2 - (power - 3 * step))
  return `${(tokens / 1_000 ** step).toFixed(digits)} ${["", "k", "M", "G", "T", "P", "E"][step]}T`
}

/** A cell of the table; a name may hold anything. */
const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** Gathers lines, and writes each buffer of them as a gzip file of its own: such files may be joined. */
class ZippedLines {
  readonly #sink: ByteSink
  #lines = ""
  #bytes = 0

  constructor(sink: ByteSink) {
    this.#sink = sink
  }

  /** Takes a line; a promise where many were gathered, which then are written. */
  add(line: string): Promise<void> | undefined {
    this.#lines += line
    this.#bytes += Buffer.byteLength(line)
    return this.#bytes >= bufferBytes ? this.#flush() : undefined
  }

  async close(): Promise<Written> {
    await this.#flush()
    return this.#sink.close()
  }

  async abort(): Promise<void> {
    await this.#sink.abort()
  }

  async #flush(): Promise<void> {
    if (this.#bytes === 0) return
    const bytes = gzipSync(this.#lines)
    this.#lines = ""
    this.#bytes = 0
    await this.#sink.write(bytes)
  }
}
