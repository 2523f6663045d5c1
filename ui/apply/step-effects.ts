import type { Endpoint } from "../../annotators/endpoint/endpoint.ts"
import type { StepEntry, StepRole } from "../../pipelines/catalogue.ts"
import { answeredBefore } from "../../pipelines/runtime/answered-before.ts"
import { CotyledonError, exitCode } from "../../pipelines/runtime/errors.ts"
import { Ledger } from "../../pipelines/runtime/ledger.ts"
import { Lock } from "../../pipelines/runtime/lock.ts"
import type { Host } from "../../pipelines/runtime/recipe.ts"
import { LedgerEffects } from "../../pipelines/runtime/settle.ts"
import type { ModelConfig } from "../../schemas/config.ts"
import type { StepSettings } from "./settings.ts"

/** The endpoints of one or several steps with the ledger that keeps their answers. */
export interface StepEffects {
  endpoint(role: StepRole): Endpoint
  effects: LedgerEffects
  /** Lets calls in flight settle for up to `graceMs`, aborts the others and closes everything. */
  close(graceMs: number): Promise<void>
}

/**
 * Opens the endpoints of steps and their ledger, a folder of its own beside the output: what a killed run paid for is there when it is
 * started again. Rejects with exit code 3 while another process uses the same ledger.
 */
export async function openStepEffects(
  models: Readonly<Partial<Record<StepRole, ModelConfig>>>,
  budget: StepSettings["budget"],
  folder: string,
  report: Host["report"],
): Promise<StepEffects> {
  const { openEndpoints } = await import("../../annotators/endpoint/open-endpoints.ts")
  const lock = await Lock.take(`${folder}/locks`)
  if (!(lock instanceof Lock))
    throw new CotyledonError(exitCode.held, {
      what: "Another process applies a step to the same output",
      where: folder,
      got: `process ${lock.pid} on ${lock.host} since ${lock.since}`,
      remedy: "Wait for it, or name another OUT.",
    })
  try {
    const ledger = await Ledger.open(folder, "exclusive")
    const effects = new LedgerEffects(ledger)
    const roles = openEndpoints(models as Record<StepRole, ModelConfig>, {
      budget,
      host: { report, settled: ledger.totals(), answered: await answeredBefore(folder) },
    })
    return {
      endpoint: (role) => roles[role],
      effects,
      async close(graceMs) {
        await effects.drain(graceMs)
        await roles.close()
        await ledger.close()
        await lock.release()
      },
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** Effects of a step that has none. */
export const noEffects = (signal: AbortSignal) => ({
  signal,
  settle: () => Promise.reject(new Error("This step declares no endpoint")),
})

/** The role of an entry whose model is known, and asked with these parameters. */
export const roleOf = (
  entry: StepEntry,
  { model, params }: StepSettings,
): { role: StepRole; model: ModelConfig } | null =>
  entry.role && model && (entry.asks?.(params) ?? true) ? { role: entry.role, model } : null
