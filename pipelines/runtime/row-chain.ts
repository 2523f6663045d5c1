import { inspect } from "node:util"
import type { Rejection } from "../../schemas/rejection.ts"
import { enter } from "./at-work.ts"
import { addTally } from "./counts.ts"
import type { Effects } from "./effect.ts"
import { CotyledonError, RowError } from "./errors.ts"
import { fateOf } from "./fate.ts"
import { Draining } from "./settle.ts"
import { type Fate, type ProgramStep, type Row, type RowStep, rejectionOf, type Side, type Tally } from "./step.ts"

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
        enter(step, current)
        const result = step.kind === "program" ? await step.run(current, effects, side) : step.run(current, side)
        settleFate(outcome, step.id, current, fateOf(step, result, current))
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
        enter(step, current)
        settleFate(outcome, step.id, current, fateOf(step, step.run(current, side), current))
      } catch (error) {
        outcome.failed.push({ row: current, step: step.id, error: rowErrorOf(error) })
      }
    }
  }
  return outcome
}

const emptyOutcome = (row: Row): RowOutcome => ({
  // A step that changed its input in place would change what a dropped or failed row is kept as; one that fills the same object again
  // and again would change rows that wait to be written.
  out: [Object.freeze(row)],
  dropped: [],
  failed: [],
  tally: {},
  incomplete: false,
})

function settleFate(outcome: RowOutcome, step: string, row: Row, fate: Fate): void {
  addTally(outcome.tally, fate.tally ?? {})
  if (fate.incomplete) outcome.incomplete = true
  if ("drop" in fate) outcome.dropped.push({ row: fate.row ?? row, rejection: rejectionOf(step, fate.drop) })
  else if (fate.keep.length > 0) for (const kept of fate.keep) outcome.out.push(Object.freeze(kept))
  // A row that is neither kept nor dropped would disappear.
  else throw new RowError("no-fate", `Step ${step} kept no row and gave no reason`)
}

/** Errors that concern the row end with the row; all others stop the run. `within` names a step inside of the one that is run. */
export function rowErrorOf(error: unknown, within = ""): RowError {
  if (error instanceof RowError) return error
  if (error instanceof CotyledonError || error instanceof Draining) throw error
  if ((error as Error)?.name === "AbortError") throw error
  const message =
    error instanceof Error ? `${error.name}: ${error.message}` : typeof error === "string" ? error : inspect(error)
  return new RowError("step-threw", `${within}${message}`, { cause: error })
}
