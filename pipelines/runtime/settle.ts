import type { Effect, Effects, Settled } from "./effect.ts"
import { RowError } from "./errors.ts"
import { canonicalJson } from "./fingerprint.ts"
import type { Ledger } from "./ledger.ts"
import { effectKeyOf, exchangeId } from "./ledger.ts"
import { untilAborted } from "./until-aborted.ts"

/** The run is being stopped: what is in flight may settle, nothing new is asked. */
export class Draining extends Error {
  constructor() {
    super("The run is stopping")
    this.name = "Draining"
  }
}

/**
 * Settles effects through a ledger: performed once, written, then used. What was fresh is read back from its own JSON, so that
 * a step sees the same value in the run that paid for it and in every rerun.
 */
export class LedgerEffects implements Effects {
  readonly #ledger: Ledger
  readonly #abort = new AbortController()
  readonly #inFlight = new Map<string, Promise<Settled<unknown>>>()
  readonly #offline: boolean
  readonly #noMore = new AbortController()
  #idle: (() => void)[] = []
  #held: PromiseWithResolvers<void> | null = null

  /** `offline`: nothing is performed; an effect that is not settled fails its row with the reason `not-settled`. */
  constructor(ledger: Ledger, options: { offline?: boolean } = {}) {
    this.#ledger = ledger
    this.#offline = options.offline ?? false
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Takes in what other processes have settled meanwhile. */
  refresh(): Promise<void> {
    return this.#ledger.refresh()
  }

  /** Held, nothing new is performed; what is settled is still given, and what is being performed goes on. */
  hold(held: boolean): void {
    if (held) this.#held ??= Promise.withResolvers<void>()
    else {
      this.#held?.resolve()
      this.#held = null
    }
  }

  /** Effects that are being performed. */
  get inFlight(): number {
    return this.#inFlight.size
  }

  async settle<T>(effect: Effect<T>): Promise<Settled<T>> {
    const request = canonicalJson(effect.request)
    const key = effectKeyOf(effect, request)
    const known = this.#ledger.get(key)
    if (known) return { id: exchangeId(key), value: known.value as T, usage: known.usage, replayed: true }
    // Two rows that ask the same share the answer.
    const shared = this.#inFlight.get(key)
    if (shared) return (await shared) as Settled<T>
    if (this.#offline)
      throw new RowError("not-settled", "Not in the ledger, and nothing new is asked", { retryable: true })
    this.signal.throwIfAborted()
    this.#noMore.signal.throwIfAborted()
    const settling = this.#perform(effect, key, request)
    this.#inFlight.set(key, settling)
    try {
      return (await settling) as Settled<T>
    } finally {
      this.#inFlight.delete(key)
      if (this.#inFlight.size === 0) for (const resolve of this.#idle.splice(0)) resolve()
    }
  }

  async #perform(effect: Effect<unknown>, key: string, requestJson: string): Promise<Settled<unknown>> {
    while (this.#held) await untilAborted(this.#held.promise, this.#noMore.signal)
    const { value, usage = null } = await effect.perform(this.signal, this.#noMore.signal)
    const { kind, identity, sample, request } = effect
    const at = new Date().toISOString()
    const valueJson = JSON.stringify(value) ?? "null"
    try {
      await this.#ledger.append(
        { key, kind, identity, sample, request, value, usage, at },
        { request: requestJson, value: valueJson },
      )
    } catch (error) {
      // What else is answered could not be kept either: it is not worth paying for.
      this.#abort.abort(error)
      throw error
    }
    return { id: exchangeId(key), value: JSON.parse(valueJson), usage, replayed: false }
  }

  /** Lets what is in flight settle for up to `graceMs`, then aborts it. Nothing new is performed from now on. */
  async drain(graceMs: number): Promise<void> {
    this.#noMore.abort(new Draining())
    if (this.#inFlight.size > 0) {
      const clock = Promise.withResolvers<void>()
      const timer = setTimeout(clock.resolve, graceMs)
      await Promise.race([new Promise<void>((resolve) => this.#idle.push(resolve)), clock.promise])
      clearTimeout(timer)
    }
    this.#abort.abort(new Draining())
  }
}
