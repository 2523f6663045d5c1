import type { Effect, Effects, Settled, Usage } from "../../pipelines/runtime/effect.ts"

/** Counts the completions that a step's decisions rest on: asked now or settled before. */
export class CountedEffects implements Effects {
  readonly #effects: Effects
  calls = 0
  /** Of these, answers that an earlier time had paid for. */
  settledBefore = 0
  readonly tokens: Usage = { input: 0, output: 0 }

  constructor(effects: Effects) {
    this.#effects = effects
  }

  get signal(): AbortSignal {
    return this.#effects.signal
  }

  async settle<T>(effect: Effect<T>): Promise<Settled<T>> {
    const settled = await this.#effects.settle(effect)
    if (effect.kind === "chat") {
      this.calls++
      if (settled.replayed) this.settledBefore++
      this.tokens.input += settled.usage?.input ?? 0
      this.tokens.output += settled.usage?.output ?? 0
    }
    return settled
  }
}
