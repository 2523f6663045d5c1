import { type CotyledonError, stopError, CotyledonError as UserError } from "../runtime/errors.ts"

/** What the file system said, when `error` came from it. */
const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code

/** A failed write as an error for the user: names the path, what the disk said and what to do. Others pass unchanged. */
export function writeError(error: unknown, path: string): CotyledonError {
  if (error instanceof UserError) return error
  const code = codeOf(error)
  const got = code ?? String(error)
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG")
    return stopError(
      {
        what: "The disk is full",
        where: path,
        got,
        remedy: "Free space (or raise the quota) and run again: it resumes.",
      },
      error,
    )
  if (code === "EACCES" || code === "EPERM" || code === "EROFS")
    return stopError(
      { what: "Cannot write", where: path, got, remedy: "Make the folder writable and run again." },
      error,
    )
  return stopError({ what: "Writing failed", where: path, got, remedy: "Check the disk and run again." }, error)
}

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
