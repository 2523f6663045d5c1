import { mkdir, open, rename, rm, stat } from "node:fs/promises"
import { dirname, resolve } from "node:path"
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
  // One by one: Node's recursive form tries for ever where a file system takes no new folders (`/proc`).
  const missing: string[] = []
  let at = resolve(path)
  for (;;) {
    const found = await stat(at).catch((error: NodeJS.ErrnoException) => error)
    if (!(found instanceof Error)) {
      if (found.isDirectory()) break
      throw noFolder(path)
    }
    if (found.code === "ENOTDIR") throw noFolder(path, found)
    if (found.code !== "ENOENT") throw writeFailure(path, found)
    missing.unshift(at)
    at = dirname(at)
  }
  for (const folder of missing)
    try {
      await mkdir(folder, { mode: 0o700 })
    } catch (error) {
      // Another process may make it at the same time.
      const { code } = error as NodeJS.ErrnoException
      const made = code === "EEXIST" ? await stat(folder).catch(() => null) : null
      if (made?.isDirectory()) continue
      throw made ? noFolder(path, error) : writeFailure(path, error)
    }
}

const noFolder = (path: string, cause?: unknown) =>
  usageError({ what: "A file stands where a folder is needed", where: path, remedy: "Take another folder." }, cause)

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
