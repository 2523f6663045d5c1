import { join } from "node:path"
import type { Columns } from "../../schemas/columns.ts"
import { readParquet } from "../io/parquet.ts"
import { rowsOf } from "./batch.ts"
import type { Basis, Commit, Shard } from "./commit.ts"
import type { ReduceStage } from "./stage.ts"
import type { Row, Side } from "./step.ts"
import { TaskOutput } from "./task-output.ts"

export interface ReduceTask {
  run: string
  stage: ReduceStage
  basis: Basis
  columns: Columns
  inputs: Shard[]
  side: Side
}

/** Runs a reduce stage to its commit. Its rows are its own: none of the input's rows has its fate here. */
export async function runReduceTask({ run, stage, basis, columns, inputs, side }: ReduceTask): Promise<Commit> {
  const output = new TaskOutput(run, { stage: stage.id, index: 0, basis, columns })
  try {
    for (const row of await stage.run(rowsIn(run, inputs, stage.reads), side))
      await output.add({ out: [row], dropped: [], failed: [], tally: {}, incomplete: false })
    return await output.commit()
  } catch (error) {
    await output.abort()
    throw error
  }
}

/** The rows of shards in order, in bounded memory. */
export async function* rowsIn(run: string, shards: readonly Shard[], columns?: string[]): AsyncGenerator<Row> {
  for (const { path } of shards)
    for await (const batch of readParquet(join(run, path), columns ? { columns } : {})) yield* rowsOf(batch)
}
