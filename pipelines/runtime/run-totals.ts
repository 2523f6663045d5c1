import { join } from "node:path"
import { Ledger } from "./ledger.ts"
import { costOfSettled } from "./status.ts"

/** What a run's settled answers add up to. */
export interface RunTotals {
  calls: number
  tokens: { input: number; output: number }
  /** USD, where the config names prices. */
  cost: number | null
  byIdentity: Record<string, { calls: number; input: number; output: number }>
}

/** Adds up a run's ledger. `config` gives the models' prices. */
export async function runTotals(run: string, config: unknown): Promise<RunTotals> {
  const ledger = await Ledger.open(join(run, "ledger"), "read")
  const byIdentity = ledger.totals()
  await ledger.close()
  const totals: RunTotals = {
    calls: 0,
    tokens: { input: 0, output: 0 },
    cost: costOfSettled(byIdentity, pricesOf(config)),
    byIdentity,
  }
  for (const { calls, input, output } of Object.values(byIdentity)) {
    totals.calls += calls
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
