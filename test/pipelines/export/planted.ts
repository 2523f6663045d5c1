// Faults in a handoff: a copy with something changed, as it is or with a manifest that was made to fit.
import { createHash } from "node:crypto"
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { type Field, Schema } from "apache-arrow"
import { openParquet, ParquetSink, readParquet } from "../../../pipelines/io/parquet.ts"
import { batchOf, rowsOf } from "../../../pipelines/runtime/batch.ts"
import { canonicalRowJson } from "../../../pipelines/runtime/row-json.ts"
import type { Row } from "../../../pipelines/runtime/step.ts"
import type { HandoffManifest, HandoffShard } from "../../../schemas/handoff-manifest.ts"

/** A copy of a handoff that can be changed. Unchanged files are links to the original's. */
export class PlantedHandoff {
  path: string
  readonly #parent: string

  constructor(original: string, parent: string) {
    this.#parent = parent
    this.path = join(parent, original.slice(original.lastIndexOf("/") + 1))
    for (const entry of readdirSync(original, { recursive: true, withFileTypes: true })) {
      const from = join(entry.parentPath, entry.name)
      const to = join(this.path, from.slice(original.length))
      mkdirSync(entry.isDirectory() ? to : dirname(to), { recursive: true })
      if (entry.isFile()) linkSync(from, to)
    }
  }

  file(path: string): string {
    return join(this.path, path)
  }

  read(path: string): Buffer {
    return readFileSync(this.file(path))
  }

  /** Replaces a file, never its bytes in place: they are the original's too. */
  write(path: string, content: string | Uint8Array): void {
    rmSync(this.file(path), { force: true })
    mkdirSync(dirname(this.file(path)), { recursive: true })
    writeFileSync(this.file(path), content)
  }

  remove(path: string): void {
    rmSync(this.file(path))
  }

  /** Turns one bit of a file over. */
  flip(path: string, at = statSync(this.file(path)).size >> 1): void {
    const bytes = this.read(path)
    bytes[at]! ^= 1
    this.write(path, bytes)
  }

  replace(path: string, from: string | RegExp, to: string): void {
    const text = this.read(path).toString("utf8")
    const changed = text.replace(from, to)
    if (changed === text) throw new Error(`${path} has no ${from}`)
    this.write(path, changed)
  }

  get manifest(): HandoffManifest {
    return JSON.parse(this.read("manifest.json").toString("utf8"))
  }

  /** Changes the manifest; the folder keeps its name unless it is made to fit. */
  edit(change: (manifest: HandoffManifest) => void): void {
    const { manifest } = this
    change(manifest)
    this.write("manifest.json", `${JSON.stringify(manifest, null, 2)}\n`)
  }

  /** Changes the rows of a Parquet file, and its columns where `retype` says so. */
  async rows(
    path: string,
    change: (rows: Row[]) => Row[],
    retype: (fields: Field[]) => Field[] = (fields) => fields,
  ): Promise<void> {
    const found = await openParquet(this.file(path))
    const schema = new Schema(retype([...found.schema.fields]))
    const rows: Row[] = []
    for await (const batch of readParquet(this.file(path))) rows.push(...rowsOf(batch))
    rmSync(this.file(path))
    const sink = await ParquetSink.create(this.file(path), schema)
    const changed = change(rows)
    if (changed.length > 0) await sink.write(batchOf(schema, changed))
    await sink.close()
  }

  /**
   * Makes the manifest fit the files as somebody would who hides a change: sizes, hashes, schemas, row counts, hashes of rows, its own name.
   */
  async cover({ logical = true } = {}): Promise<void> {
    const { manifest } = this
    for (const entry of [...manifest.shards, ...manifest.files]) {
      const bytes = this.read(entry.path)
      const sha256 = createHash("sha256").update(bytes).digest("hex")
      if (sha256 === entry.sha256) continue
      Object.assign(entry, { bytes: bytes.length, sha256 })
      if (logical && manifest.shards.includes(entry as HandoffShard)) await this.#coverRows(entry as HandoffShard)
    }
    const sha = (path: string) => manifest.files.find((of) => of.path === path)!.sha256
    manifest.tokenizer.sha256 = sha("tokenizer/tokenizer.json")
    manifest.template.stock_sha256 = sha("templates/qwen3.jinja")
    manifest.template.training_sha256 = sha("templates/raw_chatml.jinja")
    for (const launch of manifest.launch) launch.config_sha256 = sha(launch.config)
    this.write("manifest.json", `${JSON.stringify(manifest, null, 2)}\n`)
    this.rename()
  }

  async #coverRows(shard: HandoffShard): Promise<void> {
    shard.logical_sha256 = shard.sha256
    if (!shard.path.endsWith(".parquet")) return
    const hash = createHash("sha256")
    shard.rows = 0
    shard.schema = `${(await openParquet(this.file(shard.path))).schema}`
    for await (const batch of readParquet(this.file(shard.path)))
      for (const row of rowsOf(batch)) {
        hash.update(`${canonicalRowJson(row)}\n`)
        shard.rows++
      }
    shard.logical_sha256 = hash.digest("hex")
  }

  /** Gives the folder the name that its manifest asks for. */
  rename(): void {
    const name = createHash("sha256").update(this.read("manifest.json")).digest("hex")
    const path = join(this.#parent, name)
    if (path !== this.path) renameSync(this.path, path)
    this.path = path
  }
}
