// A kernel over rows that come as JSON or as rows of a typed file: batches are made of the columns that it reads.
import { Schema } from "apache-arrow"
import { inferSchema } from "../../pipelines/io/infer-schema.ts"
import type { SourceRow } from "../../pipelines/io/jsonl.ts"
import { enter } from "../../pipelines/runtime/at-work.ts"
import { batchOf } from "../../pipelines/runtime/batch.ts"
import { CotyledonError, RowError } from "../../pipelines/runtime/errors.ts"
import { verdictsOf } from "../../pipelines/runtime/fate.ts"
import type { Kernel, KernelStep, Row } from "../../pipelines/runtime/step.ts"
import { rejectionOf } from "../../pipelines/runtime/step.ts"
import { fieldsOf, nullable, text } from "../../schemas/columns.ts"
import type { Applied } from "./apply-step.ts"
import type { StepView } from "./step-view.ts"

const rowsPerBatch = 1_024

/** A row as it is shown to the kernel, or what became of it without one. */
export type Shown = { source: SourceRow; view: StepView } | Extract<Applied, { failed: unknown }>

/** Takes rows through a kernel, in order. A row that no batch can hold fails alone. `reads`: the columns that the kernel gets. */
export async function* applyKernel(
  step: KernelStep,
  shown: AsyncIterable<Shown>,
  reads: readonly string[],
): AsyncGenerator<Applied> {
  const decide = step.open()
  let waiting: Shown[] = []
  for await (const one of shown) {
    waiting.push(one)
    if (waiting.length < rowsPerBatch) continue
    yield* decided(step, decide, waiting, reads)
    waiting = []
  }
  yield* decided(step, decide, waiting, reads)
}

function* decided(step: KernelStep, decide: Kernel, shown: Shown[], reads: readonly string[]): Generator<Applied> {
  const columnsOf = (row: Row): Row => Object.fromEntries(reads.map((name) => [name, row[name]]))
  const fitting: { source: SourceRow; view: StepView }[] = []
  const failed = new Map<SourceRow, RowError>()
  const rows = shown.flatMap((one) => ("view" in one ? [columnsOf(one.view.row)] : []))
  if (rows.length === 0) {
    for (const one of shown) if ("failed" in one) yield one
    return
  }
  const schema = schemaOf(rows, reads)
  for (const one of shown) {
    if (!("view" in one)) continue
    try {
      batchOf(schema, [columnsOf(one.view.row)])
      fitting.push(one)
    } catch (error) {
      if (!(error instanceof RowError)) throw error
      failed.set(one.source, error)
    }
  }
  const batch = batchOf(
    schema,
    fitting.map(({ view }) => columnsOf(view.row)),
  )
  enter(step, null)
  const verdicts = verdictsOf(step, decide, batch)
  let at = 0
  for (const one of shown) {
    if (!("view" in one)) yield one
    else if (failed.has(one.source)) yield { source: one.source, failed: failed.get(one.source)! }
    else {
      const reason = verdicts[at++]!
      const row = one.view.back(one.view.row)
      yield reason
        ? { source: one.source, dropped: row, rejection: rejectionOf(step.id, reason) }
        : { source: one.source, kept: [row], incomplete: false }
    }
  }
}

/** Each column as its rows show it; text where they show nothing or mix kinds, so that the rows of another kind fail alone. */
function schemaOf(rows: readonly Row[], reads: readonly string[]): Schema {
  return new Schema(
    reads.flatMap((name) => {
      const values = rows.flatMap((row) => (row[name] === undefined ? [] : [{ [name]: row[name] }]))
      try {
        const { fields } = inferSchema(values, "rows")
        if (fields.length > 0) return fields
      } catch (error) {
        if (!(error instanceof CotyledonError)) throw error
      }
      return fieldsOf({ [name]: nullable(text()) })
    }),
  )
}
