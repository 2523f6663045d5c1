import { countRowsOf } from "../../pipelines/io/count-rows.ts"
import { resolveSources } from "../../pipelines/io/source.ts"
import { planRun, type RunPlan } from "../../pipelines/runtime/plan.ts"
import type { SourceConfig } from "../../schemas/config.ts"
import type { CommonOptions } from "../cli.ts"
import { defaultRun, loadTarget } from "../config-file.ts"
import { columns, cut, dollars, grouped, shownPath } from "../print.ts"

interface PlanOptions extends CommonOptions {
  out?: string
  limit?: number
}

/** `cotyledon plan`. */
export async function plan(target: string | undefined, options: PlanOptions): Promise<void> {
  const { recipe, reference, config } = await loadTarget(target, options)
  const run = options.out ?? defaultRun(reference)
  const sources = ((config as { questions?: SourceConfig[] }).questions ?? []) as SourceConfig[]
  const files = await resolveSources(sources, { cwd: process.cwd(), where: "questions" })
  const all = await countRowsOf(files)
  const rows = Math.min(all, options.limit ?? all)
  const planned = await planRun({ recipe, config, run, rows, limit: options.limit ?? null })
  if (options.json) process.stdout.write(`${JSON.stringify({ recipe: reference, run, ...planned })}\n`)
  else for (const line of planLines(reference, shownPath(run), files.length, planned)) process.stdout.write(`${line}\n`)
}

function planLines(recipe: string, run: string, files: number, { rows, stages, bounds, cost }: RunPlan): string[] {
  return [
    `${recipe}: ${grouped(rows)} rows from ${grouped(files)} ${files === 1 ? "file" : "files"}, into ${run}`,
    "",
    ...stages.flatMap(({ id, kind, state, steps }) => [
      `  ${id} (${kind}): ${state}`,
      ...steps.flatMap(({ id: step, version, params, about }) => [
        `    ${step}@${version}  ${about}`,
        ...(params === "{}" ? [] : [`      ${cut(params, 200)}`]),
      ]),
    ]),
    "",
    "  at most, when no row is dropped and nothing is settled yet:",
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
