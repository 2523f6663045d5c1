import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { createGunzip } from "node:zlib"
import type { HandoffManifest } from "../../../schemas/handoff-manifest.ts"
import { TokenIndexes } from "../token-files.ts"
import { TokenStream } from "../token-stream.ts"
import type { Findings } from "./findings.ts"
import { SequentialFile } from "./sequential-file.ts"
import { expectCounts, messageOf, shardsOf } from "./shard-rows.ts"

/** The token stream and what stands beside it. */
export class StreamCheck {
  readonly #folder: string
  readonly #manifest: HandoffManifest
  readonly #stream: TokenStream
  readonly #findings: Findings
  readonly #indexes = new TokenIndexes()
  readonly #tableHash = createHash("sha256")
  #files: { ids: SequentialFile; mask: SequentialFile } | null = null
  /** Documents of the stream that were not compared yet, and their lines of the table. */
  #waiting: { id: string; length: number }[] = []
  #lines = ""
  #follows: boolean

  constructor(folder: string, manifest: HandoffManifest, endOfDocument: number, findings: Findings) {
    this.#folder = folder
    this.#manifest = manifest
    this.#stream = new TokenStream(endOfDocument)
    this.#findings = findings
    this.#follows = shardsOf(manifest, "tokens").length > 0
  }

  /** A sample could not be encoded: what the stream should be is not known any more. */
  lost(): Promise<void> | undefined {
    const last = this.#follows ? this.#compare() : undefined
    this.#follows = false
    return last
  }

  /** Takes a sample; a promise where many were gathered, which then are compared. */
  next(sample: {
    id: string
    inputIds: Int32Array
    labels: Int32Array
    source: string
    row: number
  }): Promise<void> | undefined {
    if (!this.#follows) return undefined
    const length = this.#stream.add(sample)
    this.#lines += this.#indexes.add({ ...sample, length })
    this.#waiting.push({ id: sample.id, length })
    return this.#stream.full ? this.#compare() : undefined
  }

  /** Compares what was gathered; where it differs, document by document. */
  async #compare(): Promise<void> {
    this.#files ??= {
      ids: new SequentialFile(join(this.#folder, "tokens/train.bin")),
      mask: new SequentialFile(join(this.#folder, "tokens/train.ds.loss")),
    }
    const documents = this.#waiting
    const first = this.#indexes.documents - documents.length
    this.#tableHash.update(this.#lines)
    this.#waiting = []
    this.#lines = ""
    const { ids, mask } = this.#stream.take()
    const differ = (file: string, what: string, expected: Buffer, got: Buffer, width: number) => {
      if (got.equals(expected)) return
      let at = 0
      for (const [index, { id, length }] of documents.entries()) {
        const end = at + width * length
        if (!got.subarray(at, end).equals(expected.subarray(at, end)))
          this.#findings.add(file, "stream", what, `document ${first + index}, sample ${id}`)
        at = end
      }
    }
    differ("tokens/train.bin", "its token ids are not those of sft/", ids, await this.#files.ids.next(ids.length), 4)
    differ("tokens/train.ds.loss", "its loss is not that of sft/", mask, await this.#files.mask.next(mask.length), 1)
  }

  async end(): Promise<void> {
    if (!this.#follows) return
    if (this.#waiting.length > 0) await this.#compare()
    const fault = (file: string, what: string) => this.#findings.add(file, "stream", what)
    if (this.#files && !(await this.#files.ids.atEnd())) fault("tokens/train.bin", "it goes on behind the last sample")
    if (this.#files && !(await this.#files.mask.atEnd()))
      fault("tokens/train.ds.loss", "it goes on behind the last sample")
    await this.#beside("tokens/train.idx", this.#indexes.megatron())
    await this.#beside("tokens/train.ds.index", this.#indexes.ends())
    await this.#beside("tokens/train.ds.metadata", Buffer.from(this.#indexes.metadata(this.#manifest.model)))
    await this.#table("tokens/token_ids_part_0000.csv.gz")
    const byPath = new Map(shardsOf(this.#manifest, "tokens").map((shard) => [shard.path, shard]))
    for (const [path, of] of [
      ["tokens/train.ds", "tokens/train.bin"],
      ["tokens/token_ids_part_0000.npy", "tokens/train.bin"],
      ["tokens/labels_mask_part_0000.npy", "tokens/train.ds.loss"],
    ] as const)
      if (byPath.get(path)?.sha256 !== byPath.get(of)?.sha256)
        fault(path, `the manifest gives it other bytes than ${of}`)
    for (const shard of byPath.values()) {
      if (shard.logical_sha256 !== shard.sha256) fault(shard.path, "the manifest gives it two hashes")
      if (shard.rows !== this.#indexes.documents)
        fault(shard.path, `the manifest says ${shard.rows} documents, the samples make ${this.#indexes.documents}`)
    }
    const stream = byPath.get("tokens/train.bin")
    if (stream)
      expectCounts(stream, { tokens: this.#indexes.tokens, trained: this.#stream.trainedTokens }, this.#findings)
  }

  async #table(path: string): Promise<void> {
    const hash = createHash("sha256")
    try {
      const unzipped = createReadStream(join(this.#folder, path))
        .on("error", (error) => unzipped.destroy(error))
        .pipe(createGunzip())
      for await (const chunk of unzipped) hash.update(chunk as Buffer)
      if (hash.digest("hex") !== this.#tableHash.digest("hex"))
        this.#findings.add(path, "stream", "its table of documents does not follow from the samples")
    } catch (error) {
      this.#findings.add(path, "stream", messageOf(error))
    }
  }

  async #beside(path: string, expected: Buffer): Promise<void> {
    try {
      const got = await readFile(join(this.#folder, path))
      if (!got.equals(expected)) this.#findings.add(path, "stream", differenceOf(path, expected, got))
    } catch (error) {
      this.#findings.add(path, "stream", messageOf(error))
    }
  }

  async close(): Promise<void> {
    await this.#files?.ids.close()
    await this.#files?.mask.close()
  }
}

function differenceOf(path: string, expected: Buffer, got: Buffer): string {
  if (expected.length !== got.length) return `expected ${expected.length} bytes, got ${got.length}`
  const at = expected.findIndex((byte, index) => byte !== got[index])
  const document = path.endsWith(".ds.index") ? `, document ${Math.floor(at / 8)}` : ""
  return `it does not follow from the samples, from byte ${at}${document}`
}
