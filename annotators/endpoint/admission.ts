import type { Usage } from "../../pipelines/runtime/effect.ts"
import type { Breaker, Pass } from "./breaker.ts"
import type { Budget, Price, Reservation } from "./budget.ts"
import type { Concurrency } from "./concurrency.ts"
import type { MinuteLimit } from "./limits.ts"

/** A server that requests can go to. */
export interface Target {
  readonly breaker: Breaker
  readonly concurrency: Concurrency
  /** Requests in flight to it. */
  inFlight: number
}

/** What a request may use, and what it will probably use. */
export interface Estimate {
  upper: Usage
  likelyTokens: number
}

/** Leave to send one request to one server. */
export interface Admitted<T extends Target> {
  target: T
  pass: Pass
  reservation: Reservation
}

interface Waiting<T extends Target> {
  estimate: Estimate
  admit(admitted: Admitted<T>): void
  refuse(error: unknown): void
}

/**
 * Where requests wait until breaker, window, limits and budget all let them go, first come, first served. All are asked in one
 * synchronous step, so that no request that passed one of them is still waiting for another when a pause begins; and a request
 * that was refused goes to the back, so that one bad request is not the probe for ever.
 */
export class Admission<T extends Target> {
  readonly #targets: readonly T[]
  readonly #budget: Budget
  readonly #price: Price
  readonly #requests: MinuteLimit | null
  readonly #tokens: MinuteLimit | null
  readonly #stopListening: () => void
  #waiting: Waiting<T>[] = []
  #timer: NodeJS.Timeout | undefined
  #closed: { error: unknown } | null = null
  #held = false

  constructor(options: {
    targets: readonly T[]
    budget: Budget
    price: Price
    requests: MinuteLimit | null
    tokens: MinuteLimit | null
  }) {
    this.#targets = options.targets
    this.#budget = options.budget
    this.#price = options.price
    this.#requests = options.requests
    this.#tokens = options.tokens
    this.#stopListening = options.budget.onSettled(() => this.advance())
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** Resolves when the request may be sent. Rejects with the signal's reason, a budget's stop error, or what `close` was given. */
  enter(estimate: Estimate, signal: AbortSignal): Promise<Admitted<T>> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const waiting: Waiting<T> = {
        estimate,
        admit: (admitted) => {
          signal.removeEventListener("abort", onAbort)
          resolve(admitted)
        },
        refuse: (error) => {
          signal.removeEventListener("abort", onAbort)
          reject(error)
        },
      }
      const onAbort = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting)
        reject(signal.reason)
        this.advance()
      }
      signal.addEventListener("abort", onAbort, { once: true })
      this.#waiting.push(waiting)
      this.advance()
    })
  }

  /** Held, it lets nobody go; what has been sent runs on. */
  hold(held: boolean): void {
    this.#held = held
    this.advance()
  }

  /** Lets go whoever may go now. To be called whenever a request ended. */
  advance(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (;;) {
      const next = this.#waiting[0]
      if (next === undefined) return
      if (this.#closed !== null) {
        this.#waiting.shift()
        next.refuse(this.#closed.error)
        continue
      }
      if (this.#held) return
      const nowMs = Date.now()
      const { target, waitMs } = this.#choose(nowMs)
      const limitMs = Math.max(
        this.#requests?.waitMs(1, nowMs) ?? 0,
        this.#tokens?.waitMs(next.estimate.likelyTokens, nowMs) ?? 0,
      )
      const longest = Math.max(waitMs, limitMs)
      if (target === null || longest > 0) {
        this.#timer = setTimeout(() => this.advance(), Math.ceil(Math.min(longest, 60_000)))
        return
      }
      let reservation: Reservation | null
      try {
        reservation = this.#budget.reserve(next.estimate.upper, this.#price)
      } catch (error) {
        this.#waiting.shift()
        next.refuse(error)
        continue
      }
      // Freed by whatever settles next, which calls `advance`.
      if (reservation === null) return
      this.#waiting.shift()
      this.#requests?.take(1, nowMs)
      this.#tokens?.take(next.estimate.likelyTokens, nowMs)
      target.inFlight++
      target.concurrency.entered(nowMs)
      next.admit({ target, pass: target.breaker.enter(nowMs), reservation })
    }
  }

  /** Corrects the token limit by what a request really used. */
  settleTokens(estimate: Estimate, actual: number): void {
    this.#tokens?.settle(estimate.likelyTokens, actual, Date.now())
  }

  /** Refuses whoever waits and whoever comes. */
  close(error: unknown): void {
    this.#closed ??= { error }
    this.#stopListening()
    this.advance()
  }

  /** The server with the fewest requests in flight of those that let one go; else how long until one may. */
  #choose(nowMs: number): { target: T | null; waitMs: number } {
    let target: T | null = null
    let waitMs = Number.POSITIVE_INFINITY
    for (const candidate of this.#targets) {
      const candidateMs = candidate.breaker.waitMs(nowMs) || candidate.concurrency.waitMs(candidate.inFlight, nowMs)
      if (candidateMs > 0) waitMs = target === null ? Math.min(waitMs, candidateMs) : waitMs
      else {
        if (target === null || candidate.inFlight < target.inFlight) target = candidate
        waitMs = 0
      }
    }
    return { target, waitMs }
  }
}
