import { planRun, type RunPlan } from "../../pipelines/runtime/plan.ts"
import { defaultRun, loadTarget } from "../config-file.ts"
import type { CommonOptions } from "../options.ts"
import { columns, cut, dollars, grouped, shownPath } from "../print.ts"

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

function planLines(recipe: string, run: string, { rows, stages, bounds, cost }: RunPlan): string[] {
  return [
    `${recipe}: ${grouped(rows)} rows, into ${run}`,
    "",
    ...stages.flatMap(({ id, kind, state, steps }) => [
      `  ${id} (${kind}): ${state}`,
      ...steps.flatMap(({ id: step, version, params, about }) => [
        `    ${step}@${version}  ${about}`,
        ...(params === "{}" ? [] : [`      ${cut(params, 200)}`]),
      ]),
    ]),
    ...(bounds.length === 0 ? ["", "  asks no model"] : boundLines(bounds, cost)),
  ]
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
