import { planRun, type RunPlan } from "../../pipelines/runtime/plan.ts"
import { defaultRun, loadTarget } from "../config-file.ts"
import type { CommonOptions } from "../options.ts"
import { columns, cut, dollars, duration, grouped, shownPath } from "../print.ts"
import { projectionLines } from "../projection.ts"

interface PlanOptions extends CommonOptions {
  out?: string
  limit?: number
}

/** `cotyledon plan`. */
export async function plan(target: string | undefined, options: PlanOptions): Promise<void> {
  const { recipe, reference, config } = await loadTarget(target, options)
  const run = options.out ?? defaultRun(reference)
  const planned = await planRun({ recipe, config, run, limit: options.limit ?? null })
  if (options.json) process.stdout.write(`${JSON.stringify({ recipe: reference, run, ...planned })}\n`)
  else for (const line of planLines(reference, shownPath(run), planned)) process.stdout.write(`${line}\n`)
}

function planLines(recipe: string, run: string, planned: RunPlan): string[] {
  const { rows, stages, bounds, cost, projection } = planned
  return [
    `${recipe}: ${grouped(rows)} rows, into ${run}`,
    "",
    ...stages.flatMap(({ id, kind, state, steps }) => [
      `  ${id} (${kind}): ${state}`,
      ...steps.flatMap(({ id: step, version, params, about }) => [
        `    ${step}@${version}  ${about}`,
        ...(params === "{}" ? [] : [`      ${cut(params, 200)}`]),
      ]),
      ...asksLines(planned, id),
    ]),
    ...(bounds.length === 0 ? ["", "  asks no model"] : boundLines(bounds, cost)),
    ...(projection === null ? [] : projectionLines(projection)),
  ]
}

/** What a stage asks at most, and in which time. */
function asksLines({ stages }: RunPlan, id: string): string[] {
  const asks = stages.find((stage) => stage.id === id)!.asks
  return columns(
    asks.map(({ role, calls, outputTokens, usd, timeMs }) => [
      `asks ${role} at most`,
      `${grouped(calls)} calls`,
      `${grouped(outputTokens)} tokens out`,
      usd === null ? "no price" : dollars(usd),
      timeMs === null
        ? `time unknown until a pilot (--limit N) or models.${role}.tokensPerSecond`
        : `${duration(timeMs.least)} to ${duration(timeMs.most)}`,
    ]),
    { indent: 4 },
  )
}

function boundLines(bounds: RunPlan["bounds"], cost: number | null): string[] {
  return [
    "",
    "  at most (no row dropped, every retry for malformed JSON used, nothing settled yet):",
    ...columns(
      bounds.map(({ role, model, calls, inputTokens, outputTokens, usd }) => [
        role,
        cut(model, 40),
        `${grouped(calls)} calls`,
        `${grouped(inputTokens)} tokens in`,
        `${grouped(outputTokens)} out`,
        usd === null ? "no price" : dollars(usd),
      ]),
      { indent: 4 },
    ),
    ...(cost === null ? [] : [`    together ${dollars(cost)}`]),
  ]
}
