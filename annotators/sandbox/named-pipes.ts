// Pipes that a program can open again by the names of its streams (/dev/stdout), as it can a shell's. What `spawn` gives are sockets, which
// cannot be opened.
import { execFileSync } from "node:child_process"
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SandboxError } from "./sandbox-error.ts"

/** The two ends of a pipe, as descriptors. Whoever takes them closes them. */
export interface Pipe {
  readonly read: number
  readonly write: number
}

/** Made at a time: a process for each would cost more than the pipe. */
const batch = 16
const ready: Pipe[] = []

/** A fresh pipe. Throws a SandboxError when none can be made. */
export function openPipe(): Pipe {
  if (ready.length === 0) makePipes()
  return ready.pop()!
}

function makePipes(): void {
  const folder = mkdtempSync(join(tmpdir(), "cotyledon-"))
  try {
    const paths = Array.from({ length: batch }, (_, at) => join(folder, String(at)))
    // Programs run as other users.
    execFileSync("mkfifo", ["-m", "666", ...paths], { stdio: "ignore" })
    for (const path of paths) {
      const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
      try {
        ready.push({ read, write: openSync(path, constants.O_WRONLY) })
      } catch (error) {
        closeSync(read)
        throw error
      }
    }
  } catch (error) {
    if (ready.length === 0) throw new SandboxError("no pipes can be made (mkfifo)", { cause: error })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
