// What is being fetched lies beside its final name under a name that says who fetches it, so that two fetchers never
// write to one file, and a later one can take over what a killed one left.
import { readdir, rename, rm, stat } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"

const abandonedAfterMs = 600_000
const mine = new Set<string>()
let made = 0

const host = hostname().replaceAll(/[^\w-]/g, "_") || "host"

/** A name in `folder` that no other fetcher uses, until `release`. */
export function claim(folder: string, ending: "partial" | "wheel"): string {
  const path = join(folder, `${host}.${process.pid}.${made++}.${ending}`)
  mine.add(path)
  return path
}

/** Gives a name up; what lies there may then be taken over or removed by others. */
export function release(path: string): void {
  mine.delete(path)
}

/** Moves the longest partial file that a dead fetcher left to `path`. Of several takers one wins: a rename is atomic. */
export async function adopt(folder: string, path: string): Promise<void> {
  const left = (await abandoned(folder)).filter((each) => each.path.endsWith(".partial"))
  for (const each of left.sort((a, b) => b.bytes - a.bytes)) {
    try {
      return await rename(each.path, path)
    } catch {
      // Another one took it.
    }
  }
}

/** Removes what dead fetchers left. */
export async function sweep(folder: string): Promise<void> {
  for (const { path } of await abandoned(folder)) await rm(path, { recursive: true, force: true })
}

async function abandoned(folder: string): Promise<{ path: string; bytes: number }[]> {
  const found: { path: string; bytes: number }[] = []
  for (const name of await readdir(folder).catch(() => [])) {
    const parts = /^([\w-]+)\.(\d+)\.\d+\.(partial|wheel)$/.exec(name)
    const path = join(folder, name)
    if (!parts || mine.has(path)) continue
    const file = await stat(path).catch(() => null)
    if (!file) continue
    const old = Date.now() - file.mtimeMs > abandonedAfterMs
    if (old || (parts[1] === host && !alive(Number(parts[2])))) found.push({ path, bytes: file.size })
  }
  return found
}

function alive(pid: number): boolean {
  // Our own id on a file that is not ours: its writer had the same id and is gone.
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}
