// The built command in a pseudo-terminal, and the screen that a user sees.
import { fileURLToPath } from "node:url"
import { type IPty, spawn } from "@lydell/node-pty"
import xterm from "@xterm/headless"
import { afterEach } from "vitest"

const bin = fileURLToPath(new URL("../../../dist/ui/bin.js", import.meta.url))
const started = new Set<Terminal>()

afterEach(() => {
  for (const terminal of started) terminal.kill("SIGKILL")
})

/** Variables by which commands tell that nobody looks, and those of this process's own terminal. */
const unset =
  /^(CI|CI_.*|CONTINUOUS_INTEGRATION|BUILD_.*|GITHUB_.*|NO_COLOR|FORCE_COLOR|INK_SCREEN_READER|NODE_ENV|VITEST.*)$/

export interface TerminalOptions {
  columns?: number
  rows?: number
  env?: Record<string, string>
  cwd?: string
}

/** A command in a terminal of its own. It does not outlive the test. */
export class Terminal {
  readonly #pty: IPty
  readonly #screen: xterm.Terminal
  /** All that was written, escape sequences included. */
  raw = ""
  exit: number | null = null

  constructor(
    args: readonly string[],
    { columns = 80, rows = 24, env = {}, cwd = process.cwd() }: TerminalOptions = {},
  ) {
    const inherited = Object.entries(process.env).filter(([name]) => !unset.test(name))
    this.#screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 5_000 })
    this.#pty = spawn(process.execPath, [bin, ...args], {
      name: "xterm-256color",
      cols: columns,
      rows,
      cwd,
      env: { ...Object.fromEntries(inherited), TERM: "xterm-256color", ...env } as Record<string, string>,
    })
    this.#pty.onData((data) => {
      this.raw += data
      this.#screen.write(data)
    })
    // What the terminal answers (its cursor's place, its kind) goes back to the command.
    this.#screen.onData((data) => this.#pty.write(data))
    this.#pty.onExit(({ exitCode }) => {
      this.exit = exitCode
      started.delete(this)
    })
    started.add(this)
  }

  /** The visible lines, without spaces at their ends. */
  lines(): string[] {
    const { active } = this.#screen.buffer
    return Array.from({ length: this.#screen.rows }, (_, at) =>
      (active.getLine(active.baseY + at)?.translateToString(true) ?? "").trimEnd(),
    )
  }

  text(): string {
    return this.lines().join("\n")
  }

  /** Everything on the screen and above it. */
  history(): string {
    const { active } = this.#screen.buffer
    return Array.from(
      { length: active.length },
      (_, at) => active.getLine(at)?.translateToString(true).trimEnd() ?? "",
    ).join("\n")
  }

  press(keys: string): void {
    this.#pty.write(keys)
  }

  resize(columns: number, rows: number): void {
    this.#screen.resize(columns, rows)
    this.#pty.resize(columns, rows)
  }

  /** Takes nothing more of what is written, as a terminal does that was stopped with Ctrl-S. */
  stopReading(): void {
    this.#pty.pause()
  }

  goOnReading(): void {
    this.#pty.resume()
  }

  /** Waits until the screen shows something; fails with the screen when the command ends before, or after so long. */
  async until(holds: RegExp | ((text: string) => boolean), timeoutMs = 40_000): Promise<string> {
    const seen = (text: string) => (typeof holds === "function" ? holds(text) : holds.test(text))
    for (const startMs = Date.now(); ; ) {
      const text = this.text()
      if (seen(text)) return text
      const ended = this.exit !== null
      if (ended || Date.now() - startMs > timeoutMs) {
        await new Promise((resolve) => setTimeout(resolve, 50))
        if (seen(this.text())) return this.text()
        throw new Error(`Not seen: ${holds} (${ended ? `ended with ${this.exit}` : "timed out"})\n${this.history()}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Waits for the command's end; resolves with its exit code. */
  async ended(timeoutMs = 60_000): Promise<number> {
    for (const startMs = Date.now(); this.exit === null; ) {
      if (Date.now() - startMs > timeoutMs) throw new Error(`It did not end\n${this.history()}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await new Promise((resolve) => this.#screen.write("", () => resolve(null)))
    return this.exit
  }

  kill(signal: string): void {
    started.delete(this)
    try {
      this.#pty.kill(signal)
    } catch {
      // It has ended already.
    }
  }
}
