import { join } from "node:path"
import { Ledger } from "./ledger.ts"
import type { TotalsByIdentity } from "./ledger-index.ts"
import type { HouseKeys } from "./recipe.ts"
import { costOfSettled } from "./status.ts"

/** What a run's settled answers add up to. */
export interface RunTotals {
  /** Answers that this run paid for. */
  calls: number
  /** Answers of a shared ledger, which another run paid for. */
  reused: number
  tokens: { input: number; output: number }
  /** USD, where the config names prices. */
  cost: number | null
  /** What the config lets the whole run use; null where it sets no limit. */
  budget: { tokens: number | null; usd: number | null }
  byIdentity: TotalsByIdentity
}

/** Adds up a run's ledger. `config` gives the models' prices. */
export async function runTotals(run: string, config: unknown): Promise<RunTotals> {
  const ledger = await Ledger.open(join(run, "ledger"), "read")
  const byIdentity = ledger.totals()
  await ledger.close()
  const { budget } = (config ?? {}) as HouseKeys
  const totals: RunTotals = {
    calls: 0,
    reused: 0,
    tokens: { input: 0, output: 0 },
    cost: costOfSettled(byIdentity, pricesOf(config)),
    budget: { tokens: budget?.tokens ?? null, usd: budget?.usd ?? null },
    byIdentity,
  }
  for (const { calls, input, output, reused = 0 } of Object.values(byIdentity)) {
    totals.calls += calls
    totals.reused += reused
    totals.tokens.input += input
    totals.tokens.output += output
  }
  return totals
}

/** Prices of a config's models by identity. */
export function pricesOf(config: unknown): Map<string, { input: number; output: number }> {
  const models = (config as { models?: Record<string, Record<string, unknown>> } | null)?.models ?? {}
  return new Map(
    Object.values(models).flatMap(({ identity, model, price }) => {
      const name = identity ?? model
      return typeof name === "string" && price ? [[name, price as { input: number; output: number }] as const] : []
    }),
  )
}
