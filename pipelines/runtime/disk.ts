import { mkdir, open, rename, rm } from "node:fs/promises"
import { dirname } from "node:path"
import { CotyledonError, stopError, usageError } from "./errors.ts"

/** A failed write as an error that says what to do; other errors of ours pass through. */
export function writeFailure(path: string, error: unknown): CotyledonError {
  if (error instanceof CotyledonError) return error
  const code = (error as NodeJS.ErrnoException)?.code
  const resume = "What is settled is kept; run the same command again to go on."
  const got = code ?? String((error as Error)?.message ?? error)
  const complain = (what: string, remedy: string) =>
    stopError({ what, where: path, got, remedy: `${remedy} ${resume}` }, error)
  if (code === "ENOSPC" || code === "EDQUOT") return complain("The disk is full", "Free space there.")
  if (code === "EFBIG") return complain("The file-size limit is reached", "Raise it.")
  if (code === "EROFS" || code === "EACCES" || code === "EPERM")
    return complain("Cannot write", "Make it writable, or choose another folder.")
  return complain("Cannot write", "Check the disk.")
}

/** Makes a renamed or created entry of a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r")
  try {
    await folder.sync()
  } catch (error) {
    // Some file systems cannot sync a folder; the entry is then as durable as they make it.
    if (!["EINVAL", "ENOTSUP", "EPERM", "EBADF"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error
  } finally {
    await folder.close()
  }
}

/** Makes a folder and those above it where they are missing. Mode 0700. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "EEXIST" || code === "ENOTDIR")
      throw usageError(
        { what: "A file stands where a folder is needed", where: path, remedy: "Take another folder." },
        error,
      )
    if (code !== "ENOENT") throw writeFailure(path, error)
    // On a read-only disk the recursive form says ENOENT; the plain one says what is the matter.
    await mkdir(path, { mode: 0o700 }).catch((plain) => {
      throw writeFailure(path, plain)
    })
  }
}

/** Writes a small file whole or not at all: under a temporary name, synced, renamed. Mode 0600. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = temporaryName(path)
  try {
    const file = await open(temporary, "w", 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw writeFailure(path, error)
  }
}

/** A name beside `path` that no other process uses; `clean` and the next run remove what is left of them. */
export const temporaryName = (path: string): string =>
  `${path}.${process.pid.toString(36)}-${Math.random().toString(36).slice(2, 8)}.tmp`
