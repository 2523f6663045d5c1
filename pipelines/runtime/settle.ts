import type { Effect, Effects, Settled } from "./effect.ts"
import { RowError } from "./errors.ts"
import { canonicalJson } from "./fingerprint.ts"
import { isJson } from "./is-json.ts"
import type { Ledger, LedgerRecord } from "./ledger.ts"
import { effectKeyOf, exchangeId } from "./ledger.ts"
import type { SharedLedger } from "./shared-ledger.ts"
import { untilAborted } from "./until-aborted.ts"

/** The run is being stopped: what is in flight may settle, nothing new is asked. */
export class Draining extends Error {
  constructor() {
    super("The run is stopping")
    this.name = "Draining"
  }
}

export interface LedgerEffectsOptions {
  /** Where answers are looked for that another run paid for, and added that this one pays for. */
  shared?: SharedLedger | null
  /** Nobody is asked: an effect that is not settled fails its row with the reason `not-settled`; only programs run, in their sandboxes. */
  offline?: boolean
  /** Resolves when there is room for a further answer. */
  room?: (signal: AbortSignal) => Promise<void>
}

/**
 * Settles effects through a ledger: performed once, written, then used. What was fresh is read back from its own JSON where that could
 * say otherwise than it, so that a step sees the same value in the run that paid for it and in every rerun.
 */
export class LedgerEffects implements Effects {
  readonly #ledger: Ledger
  readonly #abort = new AbortController()
  readonly #inFlight = new Map<string, Promise<Settled<unknown>>>()
  readonly #shared: SharedLedger | null
  readonly #offline: boolean
  readonly #room: ((signal: AbortSignal) => Promise<void>) | null
  readonly #noMore = new AbortController()
  #idle: (() => void)[] = []
  #held: PromiseWithResolvers<void> | null = null

  constructor(ledger: Ledger, options: LedgerEffectsOptions = {}) {
    this.#ledger = ledger
    this.#shared = options.shared ?? null
    this.#offline = options.offline ?? false
    this.#room = options.room ?? null
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
    const elsewhere =
      isShareable(effect) || (this.#offline && isProbe(effect)) ? (this.#shared?.get(key) ?? null) : null
    if (this.#offline && !elsewhere && !isLocal(effect))
      throw new RowError("not-settled", "Not in the ledger, and nothing new is asked", { retryable: true })
    this.signal.throwIfAborted()
    if (!elsewhere) this.#noMore.signal.throwIfAborted()
    const settling = elsewhere ? this.#takeOver(elsewhere) : this.#ask(effect, key, request)
    this.#inFlight.set(key, settling)
    try {
      return (await settling) as Settled<T>
    } finally {
      this.#inFlight.delete(key)
      if (this.#inFlight.size === 0) for (const resolve of this.#idle.splice(0)) resolve()
    }
  }

  /** Asks when it is this run's turn to: another run may be paying for the same answer. */
  async #ask(effect: Effect<unknown>, key: string, request: string): Promise<Settled<unknown>> {
    const shared = isShareable(effect) ? this.#shared : null
    // Nobody waits for anything: the common case needs no signal of its own.
    if (!shared && !this.#room) return this.#perform(effect, key, request)
    await this.#room?.(this.#noMore.signal)
    if (!shared) return this.#perform(effect, key, request)
    const signal = this.#noMore.signal
    const claim = await shared.claim(key, signal)
    if ("key" in claim) return this.#takeOver(claim)
    try {
      signal.throwIfAborted()
      return await this.#perform(effect, key, request)
    } finally {
      await claim.release()
    }
  }

  /** Keeps a copy of what another run paid for, so that this one needs nothing but its own folder. */
  async #takeOver(record: LedgerRecord): Promise<Settled<unknown>> {
    await this.#append({ ...record, reused: true })
    return { id: exchangeId(record.key), value: record.value, usage: record.usage, replayed: true }
  }

  async #perform(effect: Effect<unknown>, key: string, requestJson: string): Promise<Settled<unknown>> {
    while (this.#held) await untilAborted(this.#held.promise, this.#noMore.signal)
    const kept = Promise.withResolvers<void>()
    try {
      const { value, usage = null } = await effect.perform(this.signal, this.#noMore.signal, kept.promise)
      const { kind, identity, sample, request } = effect
      const at = new Date().toISOString()
      const valueJson = JSON.stringify(value) ?? "null"
      const record = { key, kind, identity, sample, request, value, usage, at }
      const json = { request: requestJson, value: valueJson }
      await this.#append(record, json)
      kept.resolve()
      if (isShareable(effect) || (isProbe(effect) && !this.#shared?.get(key))) await this.#shared?.add(record, json)
      return { id: exchangeId(key), value: isJson(value) ? value : JSON.parse(valueJson), usage, replayed: false }
    } finally {
      kept.resolve()
    }
  }

  async #append(record: LedgerRecord, json?: { request: string; value: string }): Promise<void> {
    try {
      await this.#ledger.append(record, json)
    } catch (error) {
      // What else is answered could not be kept either: it is not worth paying for.
      this.#abort.abort(error)
      throw error
    }
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

/** Answers of named models are worth the same in every run; what a sandbox or a server's abilities say depends on where it was said. */
const isShareable = ({ kind, anonymous }: Effect<unknown>): boolean => kind === "chat" && !anonymous

/** Asks nobody and costs nothing: what is missing of it is made here. */
const isLocal = ({ kind }: Effect<unknown>): boolean => kind === "sandbox"

/**
 * What servers of a named model can do is kept beside the answers, which were asked for accordingly: a run that asks nobody needs it to find
 * them. One that asks looks for itself, for its server may be another.
 */
const isProbe = ({ kind, anonymous }: Effect<unknown>): boolean => kind === "probe" && !anonymous
