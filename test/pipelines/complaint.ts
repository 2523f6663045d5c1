import { CotyledonError } from "../../pipelines/runtime/errors.ts"

/** All parts of the error that a promise rejects with, one a line. Fails when it resolves or rejects with another error. */
export async function complaintOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error("it resolved"),
    (rejected: unknown) => rejected,
  )
  if (!(error instanceof CotyledonError)) throw error
  const { what, where, expected, got, remedy } = error.complaint
  return [`exit ${error.exit}`, what, where, expected, got, remedy].filter((part) => part !== undefined).join("\n")
}
