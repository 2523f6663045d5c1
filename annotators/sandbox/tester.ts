// A sandbox that runs the tests of one job after another. Tests come from the dataset: they decide verdicts, so they are not the
// ones to cheat, and a fork for each is confinement enough between them. Programs never run here.
import type { Socket } from "node:net"
import { asciiJson, type TesterFrame, TesterFrames, testerFrame } from "./frames.ts"
import type { Sandbox } from "./sandbox.ts"
import { endText } from "./sandbox-end.ts"
import { SandboxError } from "./sandbox-error.ts"

/** Longest wait for a tester that should be done, in ms. */
const graceMs = 1_000

/** One side of a tester's job. */
interface Job {
  readonly number: number
  readonly candidate: Socket
  readonly settle: (outcome: unknown) => void
  readonly free: () => void
}

export class Tester {
  readonly sandbox: Sandbox
  readonly #channel: Socket
  readonly #frames = new TesterFrames()
  #jobs = 0
  #job: Job | null = null
  #alive = true

  /** Takes over a sandbox that is ready. */
  constructor(sandbox: Sandbox) {
    this.sandbox = sandbox
    this.#channel = sandbox.channel(0)
    this.#channel.on("data", (bytes: Buffer) => {
      for (const frame of this.#frames.add(bytes)) this.#receive(frame)
    })
    this.#channel.resume()
    void sandbox.ended.then((end) => {
      this.#alive = false
      this.#job?.settle(new SandboxError(`the process of the tests ${endText(end)}`))
      this.#job?.free()
    })
  }

  get alive(): boolean {
    return this.#alive
  }

  /**
   * Starts a job between this tester and a candidate. `outcome` resolves with the harness's outcome and rejects with a SandboxError when
   * the tester ends without one. `end` ends the job whatever its state; then the tester is free, or dead.
   */
  start(job: object, candidate: Socket): { outcome: Promise<unknown>; end: () => Promise<void> } {
    const number = ++this.#jobs
    const outcome = Promise.withResolvers<unknown>()
    outcome.promise.catch(() => {})
    const free = Promise.withResolvers<void>()
    this.#job = {
      number,
      candidate,
      settle: (value) => (value instanceof Error ? outcome.reject(value) : outcome.resolve(value)),
      free: free.resolve,
    }
    if (!this.#alive) this.#job.settle(new SandboxError("the process of the tests has ended"))
    this.#channel.write(testerFrame("J", number, asciiJson(job)))
    const relay = (bytes: Buffer) => {
      // The side that cannot keep up stops the other.
      if (!this.#channel.write(testerFrame("L", number, bytes))) {
        candidate.pause()
        this.#channel.once("drain", () => candidate.resume())
      }
    }
    const close = () => {
      candidate.off("data", relay)
      this.#channel.write(testerFrame("E", number, Buffer.alloc(0)))
    }
    candidate.on("data", relay)
    candidate.once("end", close).once("close", close)
    candidate.resume()
    const end = async () => {
      candidate.off("data", relay).off("end", close).off("close", close)
      if (this.#alive) {
        close()
        const timer = setTimeout(() => this.sandbox.kill(), graceMs)
        await free.promise
        clearTimeout(timer)
      }
      this.#job = null
    }
    return { outcome: outcome.promise, end }
  }

  #receive({ kind, job, payload }: TesterFrame): void {
    const current = this.#job
    if (current === null || job !== current.number) return
    if (kind === "L") {
      if (!current.candidate.destroyed && !current.candidate.write(payload)) {
        this.#channel.pause()
        const go = () => this.#channel.resume()
        current.candidate.once("drain", go).once("close", go)
      }
    } else if (kind === "O") {
      try {
        current.settle(JSON.parse(payload.toString("latin1")))
      } catch (error) {
        current.settle(new SandboxError("the process of the tests answered garbage", { cause: error }))
      }
    } else if (kind === "R") current.free()
  }
}
