import { type CotyledonError, stopError, CotyledonError as UserError } from "../runtime/errors.ts"

/** What the file system said, when `error` came from it. */
const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code

/** A failed read as an error for the user. Errors that already are one pass unchanged. */
export function readError(error: unknown, path: string): CotyledonError {
  if (error instanceof UserError) return error
  const code = codeOf(error)
  if (code === "ENOENT")
    return stopError({ what: "No such file", where: path, remedy: "Put it back and run again." }, error)
  if (code === "EACCES" || code === "EPERM")
    return stopError(
      { what: "Cannot read", where: path, got: code, remedy: "Make the file readable and run again." },
      error,
    )
  return stopError({ what: "Reading failed", where: path, got: code ?? String(error) }, error)
}
