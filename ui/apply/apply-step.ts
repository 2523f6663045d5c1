import type { SourceRow } from "../../pipelines/io/jsonl.ts"
import type { Effects } from "../../pipelines/runtime/effect.ts"
import { RowError } from "../../pipelines/runtime/errors.ts"
import { type RowOutcome, runRow, runRowNow } from "../../pipelines/runtime/row-chain.ts"
import type { Row, Side, Step } from "../../pipelines/runtime/step.ts"
import { untilAborted } from "../../pipelines/runtime/until-aborted.ts"
import type { Rejection } from "../../schemas/rejection.ts"
import { applyKernel, type Shown } from "./apply-kernel.ts"
import { mapInOrder } from "./map-in-order.ts"
import { type StepView, type ViewOptions, viewOf } from "./step-view.ts"

/** What became of one row of the input: exactly one of kept, dropped or failed. */
export type Applied = { source: SourceRow } & (
  | { kept: Row[]; incomplete: boolean }
  | { dropped: Row; rejection: Rejection }
  | { failed: RowError }
)

export interface ApplyStepOptions {
  view: ViewOptions
  side: Side
  effects: Effects
  /** Rows of a program step that are worked on at once. */
  rowsInFlight: number
  /** Resolves when a further row may be started. */
  ready?: () => Promise<void>
}

/** Finished rows that may wait for an earlier one: what a slow answer holds in memory. */
const rowsAhead = 2_000

/**
 * Takes rows through one step, in the order of the input. A row that cannot be read or decided on fails alone; rejects when the work
 * must stop.
 */
export async function* applyStep(
  step: Step,
  sources: AsyncIterable<SourceRow>,
  { view, side, effects, rowsInFlight, ready }: ApplyStepOptions,
): AsyncGenerator<Applied> {
  if (step.kind === "kernel") {
    async function* shown(): AsyncGenerator<Shown> {
      for await (const source of sources) {
        effects.signal.throwIfAborted()
        const one = shownOf(source, view)
        yield "failed" in one ? one : { source, view: one.view }
      }
    }
    yield* applyKernel(step, shown(), view.entry.reads)
    return
  }
  if (step.kind === "row") {
    for await (const source of sources) {
      effects.signal.throwIfAborted()
      const shown = shownOf(source, view)
      yield "failed" in shown ? shown : appliedOf(source, shown.view, runRowNow([step], shown.view.row, side))
    }
    return
  }
  const work = async (source: SourceRow): Promise<Applied> => {
    const shown = shownOf(source, view)
    if ("failed" in shown) return shown
    // A step that never settles must not keep the command from stopping.
    const outcome = await untilAborted(runRow([step], shown.view.row, effects, side), effects.signal)
    return appliedOf(source, shown.view, outcome)
  }
  yield* mapInOrder(sources, work, { running: rowsInFlight, ahead: rowsAhead, ...(ready && { ready }) })
}

function shownOf(source: SourceRow, options: ViewOptions): { view: StepView } | Extract<Applied, { failed: unknown }> {
  if ("error" in source) return { source, failed: source.error }
  try {
    return { view: viewOf(source.row, options) }
  } catch (error) {
    if (!(error instanceof RowError)) throw error
    return { source, failed: error }
  }
}

function appliedOf(source: SourceRow, { back }: StepView, { out, dropped, failed, incomplete }: RowOutcome): Applied {
  const [failure] = failed
  if (failure) return { source, failed: failure.error }
  const [drop] = dropped
  if (drop) return { source, dropped: back(drop.row), rejection: drop.rejection }
  return { source, kept: out.map(back), incomplete }
}
