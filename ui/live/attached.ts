import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { canDraw, type FromView, type ToView } from "./show.ts"

/** Runs that end sooner show no view. */
const startMs = 600
/** A view that does not end for so long hangs on its terminal. */
const endMs = 3_000

export interface AttachedOptions {
  /** The run's folder. */
  run: string
  color: boolean
  /** Ctrl-C in the view. */
  interrupt(): void
  /** The view is there no more, before it was closed: left by its user, or ended in another way, which `why` says. */
  gone(why: string | null): void
}

/**
 * The live view of the run that this process runs, as a process of its own: it reads the run's folder as `status --watch` does, and neither
 * a terminal that takes nothing nor an error in it can hold up the run.
 */
export class AttachedView {
  readonly #options: AttachedOptions
  readonly #timer: NodeJS.Timeout
  #child: ChildProcess | null = null
  #ended: Promise<void> = Promise.resolve()
  #closing = false

  /** Starts the view a moment later, so that short runs have none. Null where there is no terminal for it. */
  static start(options: AttachedOptions): AttachedView | null {
    // Node runs no .tsx: the command that runs from its sources has no view.
    return canDraw(process.stderr) && import.meta.url.endsWith(".js") ? new AttachedView(options) : null
  }

  private constructor(options: AttachedOptions) {
    this.#options = options
    this.#timer = setTimeout(() => this.#open(), startMs)
  }

  /** Whether the terminal is the view's. */
  get open(): boolean {
    return this.#child !== null
  }

  /** Shows a line in the view. */
  notice(text: string): void {
    this.#tell({ notice: text })
  }

  /** Ends the view; its last state stays on the terminal. Resolves when the terminal is free. */
  async close(): Promise<void> {
    this.#closing = true
    clearTimeout(this.#timer)
    this.#tell({ close: true })
    const child = this.#child
    const timer = setTimeout(() => child?.kill("SIGKILL"), endMs)
    await this.#ended
    clearTimeout(timer)
  }

  #open(): void {
    const { run, color } = this.#options
    const bin = fileURLToPath(new URL("../bin.js", import.meta.url))
    const flags = ["--max-semi-space-size=2", "--max-old-space-size=512"]
    const command = [bin, "status", run, "--watch", "--attached", ...(color ? [] : ["--no-color"])]
    const child = spawn(process.execPath, [...flags, ...command], {
      // Its screen goes where this process's progress goes.
      stdio: ["inherit", process.stderr, "ignore", "ipc"],
      env: { ...process.env, NODE_ENV: "production" },
    })
    this.#child = child
    let left = false
    child.on("message", (said: FromView) => {
      if (said.left) left = true
      if (said.interrupt) this.#options.interrupt()
    })
    this.#ended = new Promise((resolve) => {
      const end = (why: string | null) => {
        if (this.#child === null) return
        this.#child = null
        if (why !== null) restoreTerminal()
        if (!this.#closing) this.#options.gone(left ? null : (why ?? "it ended"))
        resolve()
      }
      child.on("error", (error) => end(error.message))
      child.on("exit", (code, signal) => end(code === 0 || code === 130 ? null : `it ended with ${signal ?? code}`))
    })
  }

  #tell(said: ToView): void {
    if (this.#child?.connected) this.#child.send(said, () => {})
  }
}

/** What a view that was killed left of its own: raw mode, a hidden cursor. */
function restoreTerminal(): void {
  spawnSync("stty", ["sane"], { stdio: ["inherit", "ignore", "ignore"] })
  process.stderr.write("\u001b[?25h\u001b[0m\n")
}
