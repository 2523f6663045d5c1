import type { Effect, Effects, Settled } from "../../pipelines/runtime/effect.ts"
import { CotyledonError, exitCode } from "../../pipelines/runtime/errors.ts"
import { Ledger } from "../../pipelines/runtime/ledger.ts"
import { Lock } from "../../pipelines/runtime/lock.ts"
import { LedgerEffects } from "../../pipelines/runtime/settle.ts"

/** Settles what programs did in a ledger beside OUT, and counts it. */
export class ProgramEffects implements Effects {
  readonly #ledger: Ledger
  readonly #lock: Lock
  readonly #effects: LedgerEffects
  /** Outcomes that verdicts rest on. */
  outcomes = 0
  /** Of these, outcomes that an earlier time had settled. */
  settledBefore = 0

  private constructor(ledger: Ledger, lock: Lock) {
    this.#ledger = ledger
    this.#lock = lock
    this.#effects = new LedgerEffects(ledger)
  }

  /** Opens the ledger, a folder of its own. Rejects with exit code 3 while another process uses it. */
  static async open(folder: string): Promise<ProgramEffects> {
    const lock = await Lock.take(`${folder}/locks`)
    if (!(lock instanceof Lock))
      throw new CotyledonError(exitCode.held, {
        what: "Another process verifies to the same output",
        where: folder,
        got: `process ${lock.pid} on ${lock.host} since ${lock.since}`,
        remedy: "Wait for it, or name another OUT.",
      })
    try {
      return new ProgramEffects(await Ledger.open(folder, "exclusive"), lock)
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  get signal(): AbortSignal {
    return this.#effects.signal
  }

  async settle<T>(effect: Effect<T>): Promise<Settled<T>> {
    const settled = await this.#effects.settle(effect)
    this.outcomes++
    if (settled.replayed) this.settledBefore++
    return settled
  }

  /** Starts nothing new; lets what runs settle for up to `graceMs`, then ends it. */
  drain(graceMs: number): Promise<void> {
    return this.#effects.drain(graceMs)
  }

  async close(graceMs: number): Promise<void> {
    await this.drain(graceMs)
    await this.#ledger.close()
    await this.#lock.release()
  }
}
