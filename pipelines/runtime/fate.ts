// What steps return, checked. A step that throws fails its row; one whose result is no fate is broken, whatever the row: it stops the run
// at once, with all that is done kept, instead of failing a million rows one by one.
import type { RecordBatch } from "apache-arrow"
import { CotyledonError, oneLine, stopError } from "./errors.ts"
import type { Fate, Kernel, KernelStep, ProgramStep, Reason, Row, RowStep } from "./step.ts"

/**
 * What a row or program step returned, as a fate. What is no fate is a fault of the step's code and not of the row: a stop error at the
 * first one, since every further row would only fail in the same way.
 */
export function fateOf(step: RowStep | ProgramStep, result: Reason | Fate | null, row: Row): Fate {
  if (result === null && step.kind === "row") return { keep: [row] }
  const returned: unknown = result
  if (!isObject(returned)) throw brokenStep(step, row, shapeOf(returned))
  if ("keep" in returned) {
    const { keep } = returned
    if (!Array.isArray(keep)) throw brokenStep(step, row, `{keep: ${shapeOf(keep)}}`)
    for (const kept of keep) if (!isObject(kept)) throw brokenStep(step, row, `${shapeOf(kept)} among the rows to keep`)
    return returned as unknown as Fate
  }
  if ("drop" in returned) {
    if (!isReason(returned.drop)) throw brokenStep(step, row, `{drop: ${shapeOf(returned.drop)}}`)
    return returned as unknown as Fate
  }
  if (step.kind === "row" && isReason(returned)) return { drop: returned, row }
  throw brokenStep(step, row, shapeOf(returned))
}

/**
 * What a kernel says of a batch: one entry for each row. Throws a stop error where it throws or returns something else: which row is at
 * fault cannot be told, and every further batch would meet the same code.
 */
export function verdictsOf({ id }: KernelStep, decide: Kernel, batch: RecordBatch): (Reason | null)[] {
  const { numRows } = batch
  const complain = (what: string, got: string, cause?: unknown) =>
    stopError(
      {
        what: `Kernel ${id} ${what}`,
        expected: `an array with one entry for each of the ${numRows} rows of the batch: null, or {reason}`,
        got,
        remedy,
      },
      cause,
    )
  let verdicts: (Reason | null)[]
  try {
    verdicts = decide(batch)
  } catch (error) {
    if (error instanceof CotyledonError) throw error
    throw complain("threw", oneLine(String(error), 200), error)
  }
  if (!Array.isArray(verdicts)) throw complain("returned no verdicts", shapeOf(verdicts))
  if (verdicts.length !== numRows) throw complain("returned verdicts of other rows", `${verdicts.length} entries`)
  for (let at = 0; at < numRows; at++)
    if (verdicts[at] !== null && !isReason(verdicts[at]))
      throw complain("returned no verdict", `${shapeOf(verdicts[at])} for row ${at}`)
  return verdicts
}

const remedy = "What is done is kept. Mend the step and run again."

const brokenStep = (step: RowStep | ProgramStep, row: Row, got: string) =>
  stopError({
    what: `Step ${step.id} returned no fate`,
    where: `row ${oneLine(String(row.id), 60)}`,
    expected: `${step.kind === "row" ? "null, {reason}, " : "a promise of "}{keep: [rows]} or {drop: {reason}}`,
    got,
    remedy,
  })

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isPromise(value)

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && "then" in value && typeof value.then === "function"

const isReason = (value: unknown): value is Reason =>
  isObject(value) && typeof value.reason === "string" && value.reason !== ""

/** What a value is, in a few words. */
function shapeOf(value: unknown): string {
  if (value === undefined) return "nothing (undefined)"
  if (value === null) return "null"
  if (isPromise(value)) {
    // What it comes to is nobody's any more; its rejection would end the process before the error is said.
    value.then(undefined, () => {})
    return "a promise: only a step of kind program may be asynchronous"
  }
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value !== "object") return `${typeof value} ${oneLine(String(value), 40)}`
  const keys = Object.keys(value)
  return keys.length === 0 ? "{}" : `an object with ${oneLine(keys.slice(0, 5).join(", "), 80)}`
}
