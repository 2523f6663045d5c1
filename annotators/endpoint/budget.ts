import type { Usage } from "../../pipelines/runtime/effect.ts"
import { type CotyledonError, stopError, usageError } from "../../pipelines/runtime/errors.ts"

/** USD per million tokens. */
export interface Price {
  input: number
  output: number
}

export interface Spending {
  tokens: number
  usd: number
}

/** Part of the budget set aside for one request until it is known what it cost. */
export interface Reservation {
  /** Replaces the estimate by what was used. To be called exactly once. */
  settle(usage: Usage): void
}

/** Cost of an exchange in USD. */
export const costOf = ({ input, output }: Usage, price: Price): number =>
  (input * price.input + output * price.output) / 1e6

/**
 * The tokens and money of a run, shared by all of its endpoints and never passed: each request sets its upper estimate aside
 * before it is sent. `spent` is what the run's ledger already paid for.
 */
export class Budget {
  readonly #limit: { tokens: number; usd: number }
  readonly #spent: Spending
  readonly #reserved: Spending = { tokens: 0, usd: 0 }
  readonly #listeners = new Set<() => void>()
  #reached: CotyledonError | null = null

  constructor(limit: { tokens?: number | undefined; usd?: number | undefined } = {}, spent?: Spending) {
    this.#limit = { tokens: limit.tokens ?? Number.POSITIVE_INFINITY, usd: limit.usd ?? Number.POSITIVE_INFINITY }
    this.#spent = { tokens: spent?.tokens ?? 0, usd: spent?.usd ?? 0 }
  }

  get spent(): Spending {
    return { ...this.#spent }
  }

  /** Throws a usage error when money is limited and a role's model has no price. */
  requirePrice(role: string, price: Price | undefined): void {
    if (this.#limit.usd === Number.POSITIVE_INFINITY || price !== undefined) return
    throw usageError({
      what: "a budget in money needs the price of every model",
      where: `models.${role}.price`,
      expected: "{input, output} in USD per million tokens",
      got: "none",
      remedy: `set models.${role}.price, or limit budget.tokens instead of budget.usd`,
    })
  }

  /**
   * Sets an upper estimate aside, or returns null while requests in flight may still free what is missing. Throws a stop error
   * once nothing in flight can, and from then on for every request.
   */
  reserve(estimate: Usage, price: Price): Reservation | null {
    if (this.#reached !== null) throw this.#reached
    const tokens = estimate.input + estimate.output
    const usd = costOf(estimate, price)
    const overTokens = this.#spent.tokens + this.#reserved.tokens + tokens > this.#limit.tokens
    const overUsd = this.#spent.usd + this.#reserved.usd + usd > this.#limit.usd
    if (overTokens || overUsd) {
      if (this.#reserved.tokens > 0) return null
      this.#reached = overTokens
        ? reached("tokens", this.#limit.tokens, this.#spent.tokens, tokens)
        : reached("usd", this.#limit.usd, this.#spent.usd, usd)
      throw this.#reached
    }
    this.#reserved.tokens += tokens
    this.#reserved.usd += usd
    return {
      settle: (usage) => {
        this.#reserved.tokens -= tokens
        // Sums of fractions leave crumbs, which must not count as something in flight.
        this.#reserved.usd = this.#reserved.tokens === 0 ? 0 : this.#reserved.usd - usd
        this.#spent.tokens += usage.input + usage.output
        this.#spent.usd += costOf(usage, price)
        for (const listener of this.#listeners) listener()
      },
    }
  }

  /** Calls `listener` whenever a reservation is settled, until the returned function is called. */
  onSettled(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

const reached = (key: "tokens" | "usd", limit: number, spent: number, next: number): CotyledonError => {
  const amount = (value: number) => (key === "tokens" ? `${value} tokens` : `${Number(value.toFixed(4))} USD`)
  return stopError({
    what: "budget reached",
    where: `budget.${key}`,
    expected: `at most ${amount(limit)}`,
    got: `${amount(spent)} spent, and the next request may need ${amount(next)}`,
    remedy: `what is done is kept; raise budget.${key} and run again to go on`,
  })
}
