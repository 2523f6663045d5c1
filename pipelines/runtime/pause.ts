// Pausing a run from another process or machine, on nothing but its folder: while the file `pause` is there, the run asks nothing new.
import { existsSync } from "node:fs"
import { rm, writeFile } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"
import { writeFailure } from "./disk.ts"

const pauseFile = (run: string): string => join(run, "pause")

/** Pauses a run, or lets it go on. It takes effect when the run's process looks the next time, within a second or so. */
export async function setPaused(run: string, paused: boolean): Promise<void> {
  const path = pauseFile(run)
  try {
    if (!paused) await rm(path, { force: true })
    else {
      const by = { host: hostname(), pid: process.pid, since: new Date().toISOString() }
      await writeFile(path, `${JSON.stringify(by)}\n`, { mode: 0o600 })
    }
  } catch (error) {
    throw writeFailure(path, error)
  }
}

/** Whether a run's folder asks for a pause. */
export const isPaused = (run: string): boolean => existsSync(pauseFile(run))

/** What stops asking when it is held, and goes on when it is let go. */
export interface Holdable {
  hold(held: boolean): void
}

/** Holds something while the run is paused, as of each `look`. */
export function holdWhilePaused(run: string, held: Holdable): { look(): void } {
  let paused = false
  return {
    look() {
      const now = isPaused(run)
      if (now === paused) return
      paused = now
      held.hold(now)
    },
  }
}
