import { countRowsOf } from "../pipelines/io/count-rows.ts"
import { resolveSamples } from "../pipelines/io/sample-sources.ts"
import { resolveSources } from "../pipelines/io/source.ts"
import { openRecipe } from "../pipelines/runtime/open-recipe.ts"
import { projectFolder } from "../pipelines/runtime/plan.ts"
import type { Interval, Projection } from "../pipelines/runtime/projection.ts"
import type { Recipe } from "../pipelines/runtime/recipe.ts"
import type { ColdStartConfig } from "../schemas/config.ts"
import type { ModeFusionConfig } from "../schemas/mode-fusion-config.ts"
import { columns, dollars, duration, grouped } from "./print.ts"

/** What a pilot's folder says about all rows of its sources; null where the pilot took all of them. */
export async function projectPilot<C>(options: {
  recipe: Recipe<C>
  run: string
  config: C
}): Promise<Projection | null> {
  const { recipe, run, config } = options
  const pipeline = openRecipe(recipe, config)
  try {
    const projection = await projectFolder(run, pipeline, await sourceRows(config))
    return projection !== null && projection.allRows > projection.pilotRows ? projection : null
  } finally {
    await pipeline.close()
  }
}

/** A projection as lines: yield, calls, tokens, cost and time of the whole, each with its 95% interval. */
export function projectionLines(projection: Projection): string[] {
  const { allRows, pilotRows, calls, inputTokens, outputTokens, usd, timeMs, stages } = projection
  const line = (name: string, of: Interval, shown: (value: number) => string) => [
    name,
    shown(of.estimate),
    `${shown(of.low)} to ${shown(of.high)}`,
  ]
  return [
    "",
    `  projected to all ${grouped(allRows)} rows from ${grouped(pilotRows)}, with 95% intervals`,
    ...columns(
      [
        line("in the dataset", projection.yield, grouped),
        ...(calls.estimate === 0
          ? []
          : [
              line("calls", calls, grouped),
              line("tokens in", inputTokens, grouped),
              line("tokens out", outputTokens, grouped),
              ...(usd === null ? [] : [line("cost", usd, dollars)]),
              [
                "time",
                "",
                timeMs ? `${duration(timeMs.low)} to ${duration(timeMs.high)}` : "unknown: no speed was measured",
              ],
            ]),
      ],
      { indent: 4 },
    ),
    ...(stages.length < 2
      ? []
      : columns(
          stages.map((stage) => [
            stage.stage,
            `${grouped(stage.rows.estimate)} rows`,
            `${grouped(stage.calls.estimate)} calls`,
            `${grouped(stage.outputTokens.estimate)} tokens out`,
            stage.timeMs ? `${duration(stage.timeMs.low)} to ${duration(stage.timeMs.high)}` : "",
          ]),
          { indent: 4 },
        )),
  ]
}

/** Source rows of a config, of whichever recipe. */
async function sourceRows(config: unknown): Promise<number> {
  const { questions, thinking, nonThinking } = (config ?? {}) as Partial<
    Pick<ColdStartConfig, "questions"> & Pick<ModeFusionConfig, "thinking" | "nonThinking">
  >
  const cwd = process.cwd()
  const files = await resolveSources(questions ?? [], { cwd, where: "questions" })
  const samples =
    thinking === undefined || nonThinking === undefined
      ? []
      : await resolveSamples(
          [
            { key: "thinking", mode: "thinking", sources: thinking },
            { key: "nonThinking", mode: "non-thinking", sources: nonThinking },
          ],
          cwd,
        )
  return countRowsOf([...files, ...samples])
}
