// The built command in a process of its own, as a user starts it.
import { spawn } from "node:child_process"
import { setTimeout as pause } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { afterEach } from "vitest"

/** How a command ended. */
export interface Ended {
  /** Exit code; null when a signal ended it. */
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface StartOptions {
  cwd?: string
  env?: Record<string, string>
  /** Shell code to run in front of the command, in the same process: `ulimit -f 100`. */
  before?: string
}

const bin = fileURLToPath(new URL("../../dist/ui/bin.js", import.meta.url))
const started = new Set<RunningCommand>()

afterEach(async () => {
  for (const command of started) command.kill("SIGKILL")
  await Promise.all([...started].map(({ ended }) => ended))
})

/** A started command; it leads a process group of its own. It does not outlive the test. */
export class RunningCommand {
  readonly pid: number
  readonly ended: Promise<Ended>
  stdout = ""
  stderr = ""
  #running = true

  constructor(args: readonly string[], { cwd, env, before }: StartOptions = {}) {
    const command = [process.execPath, bin, ...args]
    const [file, ...rest] =
      before === undefined ? command : ["/bin/sh", "-c", `${before} && exec "$@"`, "sh", ...command]
    const child = spawn(file!, rest, {
      cwd,
      env: { ...process.env, NO_COLOR: "1", ...env },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    })
    this.pid = child.pid!
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text
    })
    started.add(this)
    this.ended = new Promise((resolve) => {
      child.on("close", (code, signal) => {
        this.#running = false
        started.delete(this)
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr })
      })
    })
  }

  get running(): boolean {
    return this.#running
  }

  /** Sends a signal to the command and to all that it started in its group, as a terminal does. */
  kill(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal)
    } catch {
      // It has ended already.
    }
  }

  /** Waits until something holds, or the command has ended. Resolves with whether it held. */
  async until(holds: () => boolean | Promise<boolean>): Promise<boolean> {
    for (;;) {
      if (await holds()) return true
      if (!this.#running) return false
      await pause(3)
    }
  }
}

/** Runs a command to its end. */
export const runCommand = (args: readonly string[], options?: StartOptions): Promise<Ended> =>
  new RunningCommand(args, options).ended

/** Whether any process of the group that a command led is left. */
export function groupLives({ pid }: RunningCommand): boolean {
  try {
    process.kill(-pid, 0)
    return true
  } catch {
    return false
  }
}

/** The lines that a command wrote for its user. */
export const linesOf = ({ stderr }: Ended): string[] => stderr.split("\n").filter((line) => line !== "")
