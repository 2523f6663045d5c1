// One sandboxed process: started, loaded with a harness, given one job, killed. The pid namespace ends with it, and with it whatever
// the program started.
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs"
import { Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { oneLine } from "../../pipelines/runtime/errors.ts"
import { bubblewrapArguments, programPath } from "./bubblewrap.ts"
import { frame } from "./frames.ts"
import { openPipe, type Pipe } from "./named-pipes.ts"
import { giveBackUser, takeUser } from "./outside-users.ts"
import { SandboxError } from "./sandbox-error.ts"
import { seccompFilter } from "./seccomp.ts"

/** How to start one kind of sandbox. */
export interface SandboxKind {
  /** The command inside: it reads its harness as a frame from descriptor 3, runs it, and the harness writes one byte there when it is ready. */
  readonly command: readonly string[]
  /** The harness, as the command reads it. */
  readonly harness: Uint8Array
  /** Folders that can be read beside the system's. */
  readonly readable: readonly string[]
  /** Two-way channels from descriptor 3 on. */
  readonly channels: number
  /** Whether descriptors 1 and 2 are pipes that we read, or /dev/null. */
  readonly stdio: boolean
}

/** How a sandbox ended: the command's exit code, or the number of the signal that ended it. */
export interface SandboxEnd {
  readonly code: number | null
  readonly signal: number | null
}

/** Longest wait for a sandbox to be ready, in ms. */
const startTimeoutMs = 20_000

const running = new Set<Sandbox>()
let endsWithUs = false

export class Sandbox {
  readonly #child: ChildProcess
  readonly #streams: readonly Socket[]
  readonly #output: readonly Socket[]
  readonly ended: Promise<SandboxEnd>
  readonly ready: Promise<void>
  #said = ""

  /** Throws a SandboxError where bubblewrap is missing. */
  constructor(kind: SandboxKind) {
    const bubblewrap = programPath("bwrap")
    if (bubblewrap === null) throw new SandboxError("bubblewrap is not installed (apt-get install bubblewrap)")
    const user = takeUser()
    const filter = openFilter()
    const pipes: Pipe[] = []
    const args = bubblewrapArguments({
      readable: kind.readable,
      seccompFd: filter === null ? null : 3 + kind.channels,
    })
    try {
      if (kind.stdio) pipes.push(openPipe(), openPipe())
      this.#child = spawn(bubblewrap, [...args, ...kind.command], {
        stdio: [
          "ignore",
          pipes[0]?.write ?? "ignore",
          pipes[1]?.write ?? "pipe",
          ...Array.from({ length: kind.channels }, () => "pipe" as const),
          ...(filter === null ? [] : [filter]),
        ],
        env: {},
        cwd: "/",
        ...(user === null ? {} : { uid: user, gid: user }),
      })
    } catch (error) {
      giveBackUser(user)
      for (const { read } of pipes) closeSync(read)
      if (error instanceof SandboxError) throw error
      throw new SandboxError(`bubblewrap cannot be started: ${(error as Error).message}`, { cause: error })
    } finally {
      if (filter !== null) closeSync(filter)
      for (const { write } of pipes) closeSync(write)
    }
    this.#output = pipes.map(({ read }) => new Socket({ fd: read, readable: true, writable: false }))
    const spawned = this.#child.stdio.filter((stream) => stream !== null && stream !== undefined)
    this.#streams = [...this.#output, ...(spawned as unknown as Socket[])]
    for (const stream of this.#streams) stream.on("error", () => {})
    this.ended = this.#end(user)
    this.ready = this.#start(kind.harness)
    // Whoever takes it waits for it; one that nobody takes may fail unseen.
    this.ready.catch(() => {})
    running.add(this)
    if (!endsWithUs) {
      endsWithUs = true
      process.on("exit", () => {
        for (const each of running) each.kill()
      })
    }
  }

  /** Whether it has ended, as far as we were told. */
  get over(): boolean {
    return !running.has(this)
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** The two-way channel at descriptor 3 + `index`. */
  channel(index: number): Socket {
    return this.#child.stdio[3 + index] as Socket
  }

  /** Its standard output, where its kind has one. */
  get stdout(): Socket {
    return this.#output[0]!
  }

  get stderr(): Socket {
    return this.#output[1] ?? (this.#child.stderr as unknown as Socket)
  }

  /** While it waits for a job the process may end. */
  unref(): void {
    this.#child.unref()
    for (const stream of this.#streams) stream.unref()
  }

  ref(): void {
    this.#child.ref()
    for (const stream of this.#streams) stream.ref()
  }

  /** Ends it and everything in it. May be called at any time, more than once. */
  kill(): void {
    this.#child.kill("SIGKILL")
    for (const stream of this.#streams) stream.destroy()
  }

  async #end(user: number | null): Promise<SandboxEnd> {
    const { promise, resolve } = Promise.withResolvers<SandboxEnd>()
    this.#child.on("error", () => resolve({ code: null, signal: null }))
    this.#child.on("exit", (code, signal) => {
      // Bubblewrap says a signal as a shell does.
      if (code !== null) resolve(code > 128 ? { code: null, signal: code - 128 } : { code, signal: null })
      else resolve({ code: null, signal: signal === "SIGKILL" ? 9 : 1 })
    })
    const end = await promise
    running.delete(this)
    giveBackUser(user)
    return end
  }

  async #start(harness: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const link = this.channel(0)
    const listen = (text: Buffer) => {
      if (this.#said.length < 2_000) this.#said += text.toString("latin1")
    }
    this.#child.on("error", (error) => reject(new SandboxError(`bubblewrap cannot be started: ${error.message}`)))
    this.stderr.on("data", listen)
    link.once("readable", () => {
      if (link.read(1) !== null) resolve()
    })
    void this.ended.then(() => {
      const said = this.#said.trim().split("\n").at(-1) ?? ""
      reject(new SandboxError(`the sandbox does not start: ${oneLine(said || "it ended without a word", 200)}`))
    })
    const timer = setTimeout(() => reject(new SandboxError("the sandbox was not ready in time")), startTimeoutMs)
    timer.unref()
    link.write(frame(harness))
    try {
      await promise
      this.stderr.off("data", listen)
    } catch (error) {
      this.kill()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }
}

let filterFile: number | null = null

/** A fresh descriptor of the filter of system calls, read from its start; null on an architecture without one. */
function openFilter(): number | null {
  if (filterFile === null) {
    const filter = seccompFilter()
    if (filter === null) return null
    const folder = mkdtempSync(join(tmpdir(), "cotyledon-"))
    try {
      writeFileSync(join(folder, "filter"), filter, { mode: 0o600 })
      filterFile = openSync(join(folder, "filter"), "r")
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  return openSync(`/proc/self/fd/${filterFile}`, "r")
}
