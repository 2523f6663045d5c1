/** Node's timers fire at once above this. */
const longestTimerMs = 2_147_483_647

/**
 * The two clocks of one answer, started when its request is sent: the longest silence and the longest time in all. When one
 * runs out, `onTimeout` is called once with what was being waited for.
 */
export class Clocks {
  readonly #idle: NodeJS.Timeout
  readonly #total: NodeJS.Timeout
  #heard = false
  #timedOut: "timed-out-waiting" | "timed-out-generating" | null = null

  constructor(totalMs: number, idleMs: number, onTimeout: () => void) {
    const fire = () => {
      if (this.#timedOut !== null) return
      this.#timedOut = this.#heard ? "timed-out-generating" : "timed-out-waiting"
      this.stop()
      onTimeout()
    }
    this.#idle = setTimeout(fire, Math.min(idleMs, longestTimerMs))
    this.#total = setTimeout(fire, Math.min(totalMs, longestTimerMs))
  }

  /** Which clock phase ran out; null while none has. */
  get timedOut() {
    return this.#timedOut
  }

  /** True once any byte of the response came. */
  get heard(): boolean {
    return this.#heard
  }

  /** The server was heard: the silence starts anew. */
  hear(): void {
    this.#heard = true
    this.#idle.refresh()
  }

  stop(): void {
    clearTimeout(this.#idle)
    clearTimeout(this.#total)
  }
}
