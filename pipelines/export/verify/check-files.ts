import { createHash } from "node:crypto"
import { lstat, open, readdir } from "node:fs/promises"
import { join } from "node:path"
import type { HandoffManifest } from "../../../schemas/handoff-manifest.ts"
import type { Findings } from "./findings.ts"

/** What was hashed. */
export interface Hashed {
  files: number
  bytes: number
  /** Time that reading and hashing took. */
  milliseconds: number
}

/**
 * Every file's size and SHA-256 against the manifest; files that are missing, and files that nobody wrote. Hard links to one file are
 * hashed once.
 */
export async function checkFiles(
  folder: string,
  { shards, files }: Pick<HandoffManifest, "shards" | "files">,
  findings: Findings,
): Promise<Hashed> {
  const hashed: Hashed = { files: 0, bytes: 0, milliseconds: 0 }
  const known = new Map<string, { bytes: number; sha256: string }>()
  for (const { path, bytes, sha256 } of [...shards, ...files]) {
    if (known.has(path)) findings.add("manifest.json", "files", `lists ${path} twice`)
    known.set(path, { bytes, sha256 })
  }
  const there = await entriesIn(folder)
  for (const path of there.files)
    if (!known.has(path) && !isFree(path)) findings.add(path, "unexpected", "the manifest knows no such file")
  for (const path of there.emptyFolders)
    if (!isFree(`${path}/`)) findings.add(path, "unexpected", "an empty folder; the manifest knows none")
  const byInode = new Map<string, string>()
  const start = performance.now()
  for (const [path, { bytes, sha256 }] of known) {
    if (!isInside(path)) {
      findings.add("manifest.json", "files", `lists a file outside of the folder: ${path}`)
      continue
    }
    const found = await lstat(join(folder, path)).catch(() => null)
    if (!found) {
      findings.add(path, "missing", "the file is missing")
      continue
    }
    if (!found.isFile()) {
      findings.add(path, "missing", "it is no plain file")
      continue
    }
    if (found.size !== bytes) findings.add(path, "bytes", `expected ${bytes} bytes, got ${found.size}`)
    const inode = `${found.dev}:${found.ino}`
    const got = byInode.get(inode) ?? (await sha256Of(join(folder, path)))
    if (!byInode.has(inode)) hashed.bytes += found.size
    byInode.set(inode, got)
    hashed.files++
    if (got !== sha256) findings.add(path, "sha256", `its bytes changed: expected SHA-256 ${sha256}, got ${got}`)
  }
  hashed.milliseconds = performance.now() - start
  return hashed
}

const chunk = Buffer.allocUnsafe(4 << 20)

/** SHA-256 of a file, or the code of the error that reading it met. */
async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256")
  try {
    const file = await open(path, "r")
    try {
      for (;;) {
        const { bytesRead } = await file.read(chunk, 0, chunk.length)
        if (bytesRead === 0) return hash.digest("hex")
        hash.update(chunk.subarray(0, bytesRead))
      }
    } finally {
      await file.close()
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "an error"
  }
}

/** What may be there beside the files of the manifest: receipts, and what Python leaves where it imported a file. */
const isFree = (path: string): boolean =>
  path === "manifest.json" || path.startsWith("receipts/") || /(^|\/)__pycache__\//.test(path)

const isInside = (path: string): boolean => !path.startsWith("/") && !path.split("/").includes("..")

async function entriesIn(folder: string): Promise<{ files: string[]; emptyFolders: string[] }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const holding = new Set(entries.map(({ parentPath }) => join(parentPath)))
  const paths = (wanted: (entry: (typeof entries)[number], path: string) => boolean) =>
    entries.flatMap((entry) => {
      const path = join(entry.parentPath, entry.name)
      return wanted(entry, path) ? [path.slice(join(folder).length + 1)] : []
    })
  return {
    files: paths((entry) => !entry.isDirectory()).sort(),
    emptyFolders: paths((entry, path) => entry.isDirectory() && !holding.has(path)).sort(),
  }
}
