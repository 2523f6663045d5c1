// A folder that exists only when whole: written under a temporary name beside its place, synced, renamed to the hash of its manifest.
import { createHash } from "node:crypto"
import { readlinkSync } from "node:fs"
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises"
import { hostname } from "node:os"
import { dirname, join } from "node:path"
import type { HandoffFile } from "../../schemas/handoff-manifest.ts"
import { ByteSink } from "../io/byte-sink.ts"
import { makeFolder, syncFolder, writeFailure } from "../runtime/disk.ts"
import { usageError } from "../runtime/errors.ts"

const prefix = ".handoff-"

/** A handoff that is being written. */
export class WholeFolder {
  /** Where its files are written. */
  readonly path: string
  readonly #parent: string

  private constructor(parent: string, path: string) {
    this.#parent = parent
    this.path = path
  }

  /** Makes the temporary folder, and removes those that processes of this machine left when they were killed. */
  static async create(parent: string): Promise<WholeFolder> {
    await makeFolder(parent)
    await removeAbandoned(parent)
    const path = join(parent, `${ownPrefix}${process.pid}-${Math.random().toString(36).slice(2, 8)}.tmp`)
    try {
      await mkdir(path)
    } catch (error) {
      throw writeFailure(path, error)
    }
    return new WholeFolder(parent, path)
  }

  /** Writes a file under the folder and syncs it. */
  async write(path: string, content: string | Uint8Array): Promise<HandoffFile> {
    const whole = join(this.path, path)
    try {
      await mkdir(dirname(whole), { recursive: true })
    } catch (error) {
      throw writeFailure(whole, error)
    }
    const sink = await ByteSink.create(whole)
    try {
      await sink.write(typeof content === "string" ? Buffer.from(content) : content)
      return { path, ...(await sink.close()) }
    } catch (error) {
      await sink.abort()
      throw error
    }
  }

  /**
   * Writes the manifest and gives the folder the hash of it as its name. `stood` is true where a folder of that name was there first:
   * what was written here is then removed.
   */
  async publish(manifest: string): Promise<{ path: string; sha256: string; stood: boolean }> {
    const sha256 = createHash("sha256").update(manifest).digest("hex")
    const path = join(this.#parent, sha256)
    await this.write("manifest.json", manifest)
    try {
      for (const folder of await foldersUnder(this.path)) await syncFolder(folder)
      try {
        await rename(this.path, path)
      } catch (error) {
        if (!["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error
        const standing = await readFile(join(path, "manifest.json")).catch(() => null)
        await this.remove()
        if (standing?.equals(Buffer.from(manifest))) return { path, sha256, stood: true }
        throw usageError({
          what: "Something else stands where the handoff belongs",
          where: path,
          expected: "nothing, or the same handoff",
          remedy: "Look at it, move it away, and run the same command again.",
        })
      }
      await syncFolder(this.#parent)
    } catch (error) {
      throw writeFailure(path, error)
    }
    return { path, sha256, stood: false }
  }

  /** Gives up what was written. Never throws. */
  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true }).catch(() => {})
  }
}

const ownPrefix = `${prefix}${createHash("sha256").update(`${hostname()} ${processSpace()}`).digest("hex").slice(0, 8)}-`

/** Containers of one host name number their processes apart: an id says nothing about another's. */
function processSpace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid")
  } catch {
    return ""
  }
}

async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(ownPrefix) || !name.endsWith(".tmp")) continue
    const pid = Number(name.slice(ownPrefix.length).split("-")[0])
    if (Number.isSafeInteger(pid) && pid > 0 && !isAlive(pid))
      await rm(join(parent, name), { recursive: true, force: true }).catch(() => {})
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}

/** A folder and all below it, the deepest first. */
async function foldersUnder(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const below = entries.filter((entry) => entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name))
  return [...below.sort((a, b) => b.length - a.length), path]
}
