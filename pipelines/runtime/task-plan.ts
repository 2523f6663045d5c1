// What a task is made from: pure functions from stages and commits to bases, shared by the coordinator, by `work` and by `plan`.
import { type Columns, fieldsOf } from "../../schemas/columns.ts"
import type { Basis, Commit, Shard } from "./commit.ts"
import { usageError } from "./errors.ts"
import type { Digest } from "./fingerprint.ts"
import type { ImportStage, MapStage, ReduceStage, Stage } from "./stage.ts"

/** The output columns of each stage, by id: what it reads and what its steps add. Throws a usage error for a broken recipe. */
export function columnsOf(stages: readonly Stage[]): Map<string, Columns> {
  const columns = new Map<string, Columns>()
  for (const stage of stages) {
    if (columns.has(stage.id)) throw brokenRecipe(stage, `two stages have the id ${stage.id}`)
    if (stage.kind !== "import")
      for (const id of [stage.input, ...(stage.side ?? [])])
        if (!columns.has(id)) throw brokenRecipe(stage, `it reads ${id}, which does not come before it`)
    if (stage.kind === "map") {
      const firstRow = stage.steps.findIndex(({ kind }) => kind !== "kernel")
      const late = firstRow < 0 ? undefined : stage.steps.slice(firstRow).find(({ kind }) => kind === "kernel")
      if (late)
        throw brokenRecipe(stage, `kernel ${late.id} stands behind a step over rows: give it a stage of its own`)
      columns.set(stage.id, Object.assign({}, columns.get(stage.input), ...stage.steps.map(({ adds }) => adds ?? {})))
    } else columns.set(stage.id, stage.columns)
  }
  return columns
}

const brokenRecipe = (stage: Stage, what: string) =>
  usageError({ what: `The recipe is broken: ${what}`, where: `stage ${stage.id}` })

/** The basis of the import task. A pilot's limit is part of it. */
export const importBasis = (stage: ImportStage, digests: readonly Digest[], limit: number | null): Basis => ({
  steps: [
    {
      id: stage.id,
      version: stage.version,
      params: {
        ...(stage.params as object),
        rowsPerShard: stage.rowsPerShard,
        limit,
        columns: describe(stage.columns),
      },
    },
  ],
  inputs: [...digests],
  side: {},
})

/** The basis of one task of a map stage. */
export const mapBasis = (stage: MapStage, input: Shard, side: Record<string, Digest[]>): Basis => ({
  steps: stage.steps.map(({ id, version, params }) => ({ id, version, params })),
  inputs: [input.sha256],
  side,
})

/** The basis of a reduce stage's task. */
export const reduceBasis = (stage: ReduceStage, inputs: readonly Shard[], side: Record<string, Digest[]>): Basis => ({
  steps: [{ id: stage.id, version: stage.version, params: { ...(stage.params as object), of: stage.of } }],
  inputs: inputs.map(({ sha256 }) => sha256),
  side,
})

/** The shards that a reduce stage reads from the commits of its input. */
export const reduceInputs = (stage: ReduceStage, commits: readonly Commit[]): Shard[] =>
  commits.flatMap(({ outputs, dropped }) => (stage.of === "out" ? outputs : dropped ? [dropped] : []))

/** The digests of a side dataset. */
export const sideDigests = (commits: readonly Commit[]): Digest[] =>
  commits.flatMap(({ outputs }) => outputs.map(({ sha256 }) => sha256))

const describe = (columns: Columns): string[] => fieldsOf(columns).map((field) => `${field}`)
