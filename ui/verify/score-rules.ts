import { extname } from "node:path"
import type { RuleVerifier } from "../../annotators/verifiers/verifier.ts"
import { ThreadCrash, ThreadPool } from "../../pipelines/runtime/thread-pool.ts"
import { isVerifierPath } from "./load-verifier.ts"
import type { RuleThreadData } from "./rule-thread.ts"
import { type BatchOutcome, errorOf, scoreBatch } from "./score-batch.ts"
import { failedRow, type ScoredRow } from "./scored-row.ts"
import { bytesOf, lengthOf, partOf, placeOf, rowOf, type SourceBatch, sentBatch } from "./source-batch.ts"

export interface ScoreRulesOptions extends RuleThreadData {
  threads: number
  /** Ends the work at once. */
  signal: AbortSignal
}

/** Bytes of all batches that wait or are worked on, beyond which no further one is read. */
const heldBytes = 32 << 20

/** Batches, for each thread, that may wait for an earlier one. */
const aheadOfEach = 4

/** Heap of a thread. Rows of the largest size that is read fit several times. */
const heapMegabytes = 1_024

/**
 * Scores rows by a rule on all cores, in the order of the input; verdicts do not depend on the number of threads. A row that makes
 * its thread crash fails alone. A single batch is scored here, since starting threads takes longer, unless the verifier is a user's
 * own.
 */
export async function* scoreRules(
  verifier: RuleVerifier,
  batches: AsyncGenerator<SourceBatch>,
  { reference, optionsForAll, threads, signal }: ScoreRulesOptions,
): AsyncGenerator<ScoredRow> {
  const first = await batches.next()
  if (first.done) return
  const second = await batches.next()
  if (second.done && !isVerifierPath(reference)) {
    yield* scoredOf(verifier.id, first.value, scoreBatch(verifier, first.value, optionsForAll))
    return
  }
  const data: RuleThreadData = { reference, optionsForAll }
  const module = new URL(`./rule-thread${extname(import.meta.url)}`, import.meta.url)
  const pool: Pool = new ThreadPool({ module, data, threads, heapMegabytes })
  const onAbort = () => void pool.close(signal.reason)
  signal.addEventListener("abort", onAbort, { once: true })
  const waiting: { batch: SourceBatch; bytes: number; outcomes: Promise<ThreadOutcome[]> }[] = []
  let held = 0
  const next = async () => {
    const { batch, bytes, outcomes } = waiting.shift()!
    held -= bytes
    return scoredOf(verifier.id, batch, await outcomes)
  }
  try {
    for await (const batch of chain([first.value, ...(second.done ? [] : [second.value])], batches)) {
      const bytes = bytesOf(batch)
      while (waiting.length >= aheadOfEach * threads || (waiting.length > 0 && held + bytes > heldBytes))
        yield* await next()
      const outcomes = outcomesOf(pool, batch)
      // Awaited in order: a later one may reject before its turn.
      outcomes.catch(() => {})
      waiting.push({ batch, bytes, outcomes })
      held += bytes
    }
    while (waiting.length > 0) yield* await next()
  } finally {
    signal.removeEventListener("abort", onAbort)
    await pool.close()
  }
}

type Pool = ThreadPool<SourceBatch, BatchOutcome[]>

/** An outcome, or why the thread that was to give it ended. */
type ThreadOutcome = BatchOutcome | { crash: string }

/** The outcomes of a batch. Where its thread crashed, halves of it are tried, so that one row alone pays for it. */
async function outcomesOf(pool: Pool, batch: SourceBatch): Promise<ThreadOutcome[]> {
  try {
    return await pool.run(sentBatch(batch))
  } catch (error) {
    if (!(error instanceof ThreadCrash)) throw error
    const length = lengthOf(batch)
    if (length === 1) return [{ crash: error.message }]
    const half = length >> 1
    const parts = [partOf(batch, 0, half), partOf(batch, half, length)]
    return (await Promise.all(parts.map((part) => outcomesOf(pool, part)))).flat()
  }
}

function* scoredOf(verifier: string, batch: SourceBatch, outcomes: readonly ThreadOutcome[]): Generator<ScoredRow> {
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome === null) continue
    const at = placeOf(batch, index)
    if ("verdict" in outcome) yield { at, row: outcome }
    else {
      const place = `${at.file}, line ${at.line}`
      const failed =
        "crash" in outcome
          ? { failed: "verifier-crashed", message: `${place}: ${verifier} ended its thread: ${outcome.crash}` }
          : outcome
      yield failedRow(rowOf(batch, index)!, errorOf(failed))
    }
  }
}

async function* chain<T>(first: readonly T[], rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield* first
  yield* rest
}
