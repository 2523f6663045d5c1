import { createHash } from "node:crypto"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { type Basis, type Commit, taskName } from "./commit.ts"
import { temporaryName, writeFailure } from "./disk.ts"
import { RowError, stopError } from "./errors.ts"
import type { RowOutcome } from "./row-chain.ts"
import { canonicalRowJson } from "./row-json.ts"
import type { ImportStage } from "./stage.ts"
import type { Row } from "./step.ts"
import { TaskOutput } from "./task-output.ts"

export interface ImportTask {
  run: string
  stage: ImportStage
  basis: Basis
  /** Source rows to read; all where null. */
  limit: number | null
  rowDone(outcome: RowOutcome): void
  signal: AbortSignal
}

/**
 * Reads sources into shards. A row whose id came before is dropped as `duplicate-id` when it says the same, and fails when it
 * says something else: which of the two is meant, nobody here can know.
 */
export async function runImportTask({ run, stage, basis, limit, rowDone, signal }: ImportTask): Promise<Commit> {
  const { id, columns, rowsPerShard } = stage
  const output = new TaskOutput(run, { stage: id, index: 0, basis, columns, rowsPerShard })
  const seen = new SeenRows()
  try {
    let rows = 0
    await mkdir(join(run, "stages", id), { recursive: true, mode: 0o700 }).catch((error) => {
      throw writeFailure(join(run, "stages", id), error)
    })
    for await (const imported of stage.rows(limit, temporaryName(join(run, taskName(id, 0))))) {
      signal.throwIfAborted()
      const outcome: RowOutcome = { out: [], dropped: [], failed: [], tally: {}, incomplete: false }
      if ("error" in imported) {
        outcome.failed.push({ row: { id: imported.id, raw: imported.raw }, step: id, error: imported.error })
      } else {
        const { row } = imported
        // The same question from two files is the same question.
        const { source, license, revision, ...content } = row
        const before = seen.add(String(row.id), content)
        if (before === "new") outcome.out.push(row)
        else if (before === "same")
          outcome.dropped.push({
            row,
            rejection: { step: id, reason: "duplicate-id", measured: null, threshold: null, evidence: null },
          })
        else
          outcome.failed.push({
            row,
            step: id,
            error: new RowError("duplicate-id", `The id ${String(row.id)} came before with another content`),
          })
      }
      rowDone(outcome)
      await output.add(outcome)
      if (++rows === limit) break
    }
    if (rows === 0)
      throw stopError({ what: "The sources have no rows", where: `stage ${id}`, remedy: "Check the paths." })
    return await output.commit()
  } catch (error) {
    await output.abort()
    throw error
  }
}

/** Ids seen so far with a hash of their rows: 16 bytes a row in typed arrays, so that millions fit. */
class SeenRows {
  #slots = 1 << 16
  #ids = new BigUint64Array(this.#slots)
  #contents = new BigUint64Array(this.#slots)
  #used = 0

  add(id: string, content: Row): "new" | "same" | "other" {
    if (this.#used * 2 > this.#slots) this.#grow()
    const key = hash64(id)
    const digest = hash64(canonicalRowJson(content))
    const slot = this.#slotOf(key)
    if (this.#ids[slot] === key) return this.#contents[slot] === digest ? "same" : "other"
    this.#ids[slot] = key
    this.#contents[slot] = digest
    this.#used++
    return "new"
  }

  #slotOf(key: bigint): number {
    let slot = Number(key & BigInt(this.#slots - 1))
    while (this.#ids[slot] !== 0n && this.#ids[slot] !== key) slot = (slot + 1) & (this.#slots - 1)
    return slot
  }

  #grow(): void {
    const ids = this.#ids
    const contents = this.#contents
    this.#slots *= 2
    this.#ids = new BigUint64Array(this.#slots)
    this.#contents = new BigUint64Array(this.#slots)
    for (const [at, key] of ids.entries()) {
      if (key === 0n) continue
      const slot = this.#slotOf(key)
      this.#ids[slot] = key
      this.#contents[slot] = contents[at]!
    }
  }
}

/** 64 bits of SHA-256; never 0, which marks a free slot. At ten million rows two ids meet with a chance of 3 in a million. */
const hash64 = (text: string): bigint => createHash("sha256").update(text).digest().readBigUInt64LE(0) || 1n
