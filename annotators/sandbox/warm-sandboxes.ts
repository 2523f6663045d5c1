import { setImmediate as turnOfLoop } from "node:timers/promises"
import { Sandbox, type SandboxKind } from "./sandbox.ts"

/** Resolves when what has ended by now is known to have. */
export const toldOfEnds = async (): Promise<void> => {
  await turnOfLoop()
  await turnOfLoop()
}

/** Sandboxes of one kind, started before they are needed. Each serves one job; the next is started when one is taken. */
export class WarmSandboxes {
  readonly #kind: SandboxKind
  readonly #waiting: Sandbox[] = []
  readonly #ahead: number

  /** `ahead`: how many wait. */
  constructor(kind: SandboxKind, ahead: number) {
    this.#kind = kind
    this.#ahead = ahead
  }

  /** A sandbox that is ready for its job. Rejects with a SandboxError when none can be started. */
  async take(): Promise<Sandbox> {
    for (;;) {
      const waiting = this.#waiting.shift()
      const sandbox = waiting ?? new Sandbox(this.#kind)
      sandbox.ref()
      try {
        await sandbox.ready
        if (waiting === undefined) return sandbox
        await toldOfEnds()
        if (!sandbox.over) return sandbox
      } catch (error) {
        // One that waited may have been killed from outside; a fresh one says whether any can be had.
        if (waiting === undefined) throw error
      }
    }
  }

  /** Starts what is missing. */
  refill(): void {
    while (this.#waiting.length < this.#ahead) {
      const sandbox = new Sandbox(this.#kind)
      sandbox.unref()
      this.#waiting.push(sandbox)
      // One that cannot start or dies is not handed out.
      void sandbox.ended.then(() => {
        const at = this.#waiting.indexOf(sandbox)
        if (at >= 0) this.#waiting.splice(at, 1)
      })
    }
  }

  /** Ends those that wait. */
  close(): void {
    for (const sandbox of this.#waiting.splice(0)) sandbox.kill()
  }
}
