// Ownership of a run or a task across processes and machines, on nothing but a shared folder. Each owner adds a file with the next
// number by `link`, which only one of several can win; the highest number owns. A lock is never unlinked while it is the
// highest, so that two who find it free or dead still compete for one and the same next number.
import { readFileSync, readlinkSync } from "node:fs"
import { link, mkdir, readdir, readFile, rename, rm, rmdir, stat, unlink, utimes, writeFile } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"
import { temporaryName, writeFailure } from "./disk.ts"

/** Who holds a lock. `started` tells a process from a later one with the same id. */
export interface Owner {
  host: string
  /** The space in which the process id counts. */
  processes: string
  pid: number
  started: string
  since: string
  released?: boolean
}

const heartbeatMs = 10_000
/** An owner on another machine that has not been heard of for this long is taken for dead. */
const silenceMs = 60_000

/** A held lock. Release it when done; a process that dies releases it by dying. */
export class Lock {
  /** Somebody held it before: there may be work that was begun. */
  readonly inherited: boolean
  readonly #path: string
  readonly #timer: NodeJS.Timeout

  private constructor(path: string, inherited: boolean) {
    this.#path = path
    this.inherited = inherited
    this.#timer = setInterval(() => {
      const now = new Date()
      utimes(path, now, now).catch(() => {})
    }, heartbeatMs)
    this.#timer.unref()
  }

  /** Takes the lock of a folder (made where it is missing), or returns the live owner who holds it. */
  static async take(folder: string): Promise<Lock | Owner> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      for (;;) {
        const highest = await highestNumber(folder)
        if (highest > 0) {
          const owner = await liveOwner(join(folder, nameOf(highest)))
          if (owner) return owner
        }
        const path = join(folder, nameOf(highest + 1))
        if (await createWith(path, JSON.stringify(thisProcess()))) {
          // Since we looked, the number may have been taken, released, passed over and removed: then it is free, and worth nothing.
          if ((await highestNumber(folder)) > highest + 1) {
            await rm(path, { force: true })
            continue
          }
          await removeBelow(folder, highest + 1)
          return new Lock(path, highest > 0)
        }
      }
    } catch (error) {
      throw writeFailure(folder, error)
    }
  }

  async release(): Promise<void> {
    clearInterval(this.#timer)
    const temporary = temporaryName(this.#path)
    // A disk that takes nothing any more must not keep a run from ending: the owner is then found dead instead.
    await writeFile(temporary, JSON.stringify({ ...thisProcess(), released: true }), { mode: 0o600 })
      .then(() => rename(temporary, this.#path))
      .catch(() => rm(temporary, { force: true }))
  }
}

/** The live owner of a lock folder, or null. */
export async function ownerOf(folder: string): Promise<Owner | null> {
  const highest = await highestNumber(folder).catch(() => 0)
  return highest === 0 ? null : liveOwner(join(folder, nameOf(highest)))
}

/** Removes the folder of a lock that nobody holds. Whoever takes it meanwhile keeps it. */
export async function removeFree(folder: string): Promise<void> {
  if (await ownerOf(folder)) return
  try {
    for (const name of await readdir(folder)) await unlink(join(folder, name))
    await rmdir(folder)
  } catch {
    // Somebody else removes it, or took it.
  }
}

const nameOf = (number: number): string => String(number).padStart(6, "0")

async function highestNumber(folder: string): Promise<number> {
  return Math.max(0, ...(await readdir(folder)).filter((name) => /^\d+$/.test(name)).map(Number))
}

/** Creates a file with its content at once; false where it stands already. */
async function createWith(path: string, content: string): Promise<boolean> {
  const temporary = temporaryName(path)
  await writeFile(temporary, content, { mode: 0o600 })
  try {
    await link(temporary, path)
    return true
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    // Somebody was first; he may have swept the temporary file away with what killed processes left.
    if (code === "EEXIST" || code === "ENOENT") return false
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

async function removeBelow(folder: string, number: number): Promise<void> {
  for (const name of await readdir(folder))
    if (/^\d+$/.test(name) && Number(name) < number) await rm(join(folder, name), { force: true })
}

async function liveOwner(path: string): Promise<Owner | null> {
  let owner: Owner | null
  try {
    owner = JSON.parse(await readFile(path, "utf8")) as Owner | null
  } catch {
    return null
  }
  if (!owner || owner.released) return null
  if (owner.host === hostname() && owner.processes === processSpace())
    return startOf(owner.pid) === owner.started ? owner : null
  const { mtimeMs } = await stat(path)
  return Date.now() - mtimeMs < silenceMs ? owner : null
}

const thisProcess = (): Owner => ({
  host: hostname(),
  processes: processSpace(),
  pid: process.pid,
  started: startOf(process.pid) ?? "",
  since: new Date().toISOString(),
})

/** Containers of one host name number their processes apart: a process id means something only inside its own space. */
function processSpace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid")
  } catch {
    return ""
  }
}

/** Something that a later process with the same id does not share; null when no such process runs. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    // A zombie holds nothing any more.
    return fields[0] === "Z" ? null : `${bootId()}-${fields[19]}`
  } catch {
    if (process.platform === "linux") return null
    try {
      process.kill(pid, 0)
      return "running"
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "EPERM" ? "running" : null
    }
  }
}

const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()
