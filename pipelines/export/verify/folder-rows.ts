import type { HandoffManifest, HandoffShard } from "../../../schemas/handoff-manifest.ts"
import type { Findings } from "./findings.ts"
import { type RowsOptions, shardBatches, shardsOf } from "./shard-rows.ts"

/** The rows of one folder of shards, one after the other, taken one by one beside those of another; most come without waiting. */
export class FolderRows<R> {
  /** Where the row stands that came last. */
  path: string
  number = -1
  readonly #shards: HandoffShard[]
  readonly #open: (shard: HandoffShard) => AsyncGenerator<Iterator<R, void, void>, void, void>
  #batches: AsyncGenerator<Iterator<R, void, void>, void, void> | null = null
  #rows: Iterator<R, void, void> | null = null

  constructor(
    { folder, manifest, view }: { folder: string; manifest: HandoffManifest; view: string },
    findings: Findings,
    options?: RowsOptions<R>,
  ) {
    this.path = view
    this.#shards = shardsOf(manifest, view)
    this.#open = (shard) => shardBatches<R>(folder, shard, findings, options)
  }

  /** The next row; null behind the last. */
  next(): R | null | Promise<R | null> {
    const next = this.#rows?.next()
    return next && !next.done ? this.#took(next.value) : this.#more()
  }

  /** Closes the file that is open; where rows were left. */
  async close(): Promise<void> {
    await this.#batches?.return()
  }

  #took(row: R): R {
    this.number++
    return row
  }

  async #more(): Promise<R | null> {
    for (;;) {
      if (!this.#batches) {
        const shard = this.#shards.shift()
        if (!shard) return null
        this.path = shard.path
        this.number = -1
        this.#batches = this.#open(shard)
      }
      const batch = await this.#batches.next()
      this.#rows = batch.done ? null : batch.value
      if (!this.#rows) this.#batches = null
      const next = this.#rows?.next()
      if (next && !next.done) return this.#took(next.value)
    }
  }
}
