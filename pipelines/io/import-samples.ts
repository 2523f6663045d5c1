import { createHash } from "node:crypto"
import { sourceSample } from "../../schemas/source-sample.ts"
import type { ImportStage } from "../runtime/stage.ts"
import { importedRows } from "./imported-rows.ts"
import { checkSampleColumns } from "./sample-columns.ts"
import { resolveSamples, type SampleSources } from "./sample-sources.ts"
import { type SampleFile, samplesOf } from "./samples.ts"
import { digestOf } from "./source.ts"

/**
 * The stage that reads conversations of both modes into shards: all sources of the first entry, then those of the next. A pilot takes half
 * of its rows of the first. An id that stands in the first mode as well gets `/no_think` or `/think` behind it in the second, so that
 * both samples of one question have a name of their own; within a mode the runtime's rule for equal ids holds.
 */
export function importSamples(options: {
  id: string
  sources: readonly [SampleSources, SampleSources]
  rowsPerShard: number
  failureLimit: number
}): ImportStage {
  const { id, sources, rowsPerShard, failureLimit } = options
  let resolved: Promise<SampleFile[]> | null = null
  const files = () => {
    resolved ??= resolveSamples(sources, process.cwd())
    return resolved
  }
  let digested: ReturnType<ImportStage["digests"]> | null = null
  const [first] = sources
  return {
    kind: "import",
    id,
    version: 1,
    params: sources.map(({ mode, sources: given }) => ({
      mode,
      sources: [given].flat().map((source) => {
        if (typeof source === "string") return {}
        const { path: _, ...declared } = source
        return declared
      }),
    })),
    columns: sourceSample.columns,
    rowsPerShard,
    failureLimit,
    async check() {
      for (const file of await files()) await checkSampleColumns(file)
    },
    digests() {
      digested ??= files().then((found) =>
        Promise.all(
          found.map(async (file) => {
            const { source, license, revision } = file
            return { name: source, ...(await digestOf(file)), license, revision }
          }),
        ),
      )
      return digested
    },
    async *rows(limit) {
      const ids = new IdSet()
      const all = await files()
      let left = limit === null ? Number.POSITIVE_INFINITY : Math.ceil(limit / 2)
      for (const file of all.filter(({ mode }) => mode === first.mode))
        for await (const imported of left > 0 ? importedRows(file, samplesOf(file)) : []) {
          if ("row" in imported) ids.add(String(imported.row.id))
          yield imported
          if (--left === 0) break
        }
      for (const file of all.filter(({ mode }) => mode !== first.mode))
        for await (const imported of importedRows(file, samplesOf(file))) {
          if ("row" in imported && ids.has(String(imported.row.id)))
            imported.row.id = `${imported.row.id}${file.mode === "thinking" ? "/think" : "/no_think"}`
          yield imported
        }
    },
  }
}

/** Ids by 64 bits of their SHA-256: 8 to 32 bytes each. */
class IdSet {
  #slots = new BigUint64Array(1 << 12)
  #used = 0

  add(id: string): void {
    if (this.#used * 2 >= this.#slots.length) {
      const before = this.#slots
      this.#slots = new BigUint64Array(before.length * 2)
      for (const hash of before) if (hash !== 0n) this.#slots[this.#slotOf(hash)] = hash
    }
    const hash = hash64(id)
    const slot = this.#slotOf(hash)
    if (this.#slots[slot] === 0n) this.#used++
    this.#slots[slot] = hash
  }

  has(id: string): boolean {
    return this.#slots[this.#slotOf(hash64(id))] !== 0n
  }

  #slotOf(hash: bigint): number {
    const mask = this.#slots.length - 1
    let slot = Number(hash & BigInt(mask))
    while (this.#slots[slot] !== 0n && this.#slots[slot] !== hash) slot = (slot + 1) & mask
    return slot
  }
}

const hash64 = (id: string): bigint => createHash("sha256").update(id).digest().readBigUInt64LE(0) || 1n
