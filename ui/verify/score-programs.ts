import type { ProgramVerifier } from "../../annotators/verifiers/verifier.ts"
import type { SourceRow } from "../../pipelines/io/jsonl.ts"
import type { Effects } from "../../pipelines/runtime/effect.ts"
import { CotyledonError, RowError } from "../../pipelines/runtime/errors.ts"
import { Draining } from "../../pipelines/runtime/settle.ts"
import { mapInOrder } from "../apply/map-in-order.ts"
import { failedRow, type ScoredRow, verdictRow } from "./scored-row.ts"
import { verifierInput } from "./verifier-input.ts"

/** Scored rows that may wait for an earlier one whose program runs long. */
const rowsAhead = 2_000

/** Scores rows by a verifier that runs programs, `rowsInFlight` at once, in the order of the input. Rejects when the work must stop. */
export async function* scorePrograms(
  verifier: ProgramVerifier,
  sources: AsyncIterable<SourceRow>,
  options: { optionsForAll: Readonly<Record<string, unknown>>; effects: Effects; rowsInFlight: number },
): AsyncGenerator<ScoredRow> {
  const { optionsForAll, effects, rowsInFlight } = options
  const score = async (source: SourceRow): Promise<ScoredRow> => {
    if ("error" in source) return failedRow(source, source.error)
    const { row, at } = source
    const read = verifierInput("program", row, optionsForAll)
    if ("verdict" in read) return { at, row: verdictRow(row.id ?? null, read.verdict) }
    try {
      return { at, row: verdictRow(row.id ?? null, await verifier.verify(read.input, effects)) }
    } catch (error) {
      return failedRow(source, rowErrorOf(verifier.id, source, error, effects.signal))
    }
  }
  yield* mapInOrder(sources, score, { running: rowsInFlight, ahead: rowsAhead })
}

/** An error that concerns the row alone; throws the others, which stop the work. */
function rowErrorOf(verifier: string, { at }: SourceRow, error: unknown, signal: AbortSignal): RowError {
  if (error instanceof RowError) return error
  if (signal.aborted || error instanceof CotyledonError || error instanceof Draining) throw error
  if ((error as Error)?.name === "AbortError") throw error
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new RowError("verifier-threw", `${at.file}, line ${at.line}: ${verifier} threw ${message}`, { cause: error })
}
