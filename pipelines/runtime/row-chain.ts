import type { Rejection } from "../../schemas/rejection.ts"
import { addTally } from "./counts.ts"
import type { Effects } from "./effect.ts"
import { CotyledonError, RowError } from "./errors.ts"
import { Draining } from "./settle.ts"
import {
  type Fate,
  fateOf,
  type ProgramStep,
  type Row,
  type RowStep,
  rejectionOf,
  type Side,
  type Tally,
} from "./step.ts"

/** What became of one row of the input: one entry for it and for every row that was born of it. */
export interface RowOutcome {
  out: Row[]
  dropped: { row: Row; rejection: Rejection }[]
  failed: { row: Row; step: string; error: RowError }[]
  tally: Tally
  incomplete: boolean
}

/** Takes a row through row and program steps in order. Rejects only when the run must stop. */
export async function runRow(
  steps: readonly (RowStep | ProgramStep)[],
  row: Row,
  effects: Effects,
  side: Side,
): Promise<RowOutcome> {
  const outcome = emptyOutcome(row)
  for (const step of steps) {
    const rows = outcome.out
    outcome.out = []
    for (const current of rows) {
      try {
        const fate =
          step.kind === "program" ? await step.run(current, effects, side) : fateOf(step.run(current, side), current)
        settleFate(outcome, step.id, current, fate)
      } catch (error) {
        outcome.failed.push({ row: current, step: step.id, error: rowErrorOf(error) })
      }
    }
  }
  return outcome
}

/** The same for row steps alone, without a promise for every row. */
export function runRowNow(steps: readonly RowStep[], row: Row, side: Side): RowOutcome {
  const outcome = emptyOutcome(row)
  for (const step of steps) {
    const rows = outcome.out
    outcome.out = []
    for (const current of rows) {
      try {
        settleFate(outcome, step.id, current, fateOf(step.run(current, side), current))
      } catch (error) {
        outcome.failed.push({ row: current, step: step.id, error: rowErrorOf(error) })
      }
    }
  }
  return outcome
}

const emptyOutcome = (row: Row): RowOutcome => ({ out: [row], dropped: [], failed: [], tally: {}, incomplete: false })

function settleFate(outcome: RowOutcome, step: string, row: Row, fate: Fate): void {
  addTally(outcome.tally, fate.tally ?? {})
  if (fate.incomplete) outcome.incomplete = true
  if ("drop" in fate) outcome.dropped.push({ row: fate.row ?? row, rejection: rejectionOf(step, fate.drop) })
  else if (fate.keep.length > 0) outcome.out.push(...fate.keep)
  // A row that is neither kept nor dropped would disappear.
  else throw new RowError("no-fate", `Step ${step} kept no row and gave no reason`)
}

/** Errors that concern the row end with the row; all others stop the run. */
function rowErrorOf(error: unknown): RowError {
  if (error instanceof RowError) return error
  if (error instanceof CotyledonError || error instanceof Draining) throw error
  if ((error as Error)?.name === "AbortError") throw error
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new RowError("step-threw", message, { cause: error })
}
