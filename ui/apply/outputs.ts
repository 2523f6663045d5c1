import { openRowSink, type RowSink } from "../../pipelines/io/row-sink.ts"
import { rejection } from "../../schemas/rejection.ts"
import { failedRowOf, OutputOnDemand } from "../row-files.ts"
import type { Applied } from "./apply-step.ts"
import { needsSchema, type outputSchema } from "./output-schema.ts"

/** OUT, the dropped and the failed rows. */
export class Outputs {
  readonly #output: string
  readonly #droppedPath: string | undefined
  readonly #step: string
  readonly #failed: OutputOnDemand
  #out: RowSink | null = null
  #dropped: RowSink | null = null

  constructor(output: string, dropped: string | undefined, failed: string, step: string) {
    this.#output = output
    this.#droppedPath = dropped
    this.#step = step
    this.#failed = new OutputOnDemand(failed)
  }

  /** True when a file wants to know its columns before its first row. */
  get needSchema(): boolean {
    return [this.#output, this.#droppedPath ?? "-"].some(needsSchema)
  }

  async open(
    schemaOf: (where: string, added: { dropped?: typeof rejection }) => ReturnType<typeof outputSchema>,
  ): Promise<void> {
    const sinkOf = async (path: string, added: { dropped?: typeof rejection }) =>
      openRowSink(path, { schema: needsSchema(path) ? await schemaOf(path, added) : undefined })
    this.#out = await sinkOf(this.#output, {})
    if (this.#droppedPath !== undefined) this.#dropped = await sinkOf(this.#droppedPath, { dropped: rejection })
  }

  async write(applied: Applied): Promise<void> {
    if ("kept" in applied) for (const row of applied.kept) await this.#out!.write(row)
    else if ("failed" in applied) await this.#failed.write(failedRowOf(this.#step, applied.source, applied.failed))
    else await this.#dropped?.write({ ...applied.dropped, dropped: applied.rejection })
  }

  /** OUT comes last: where it stands, the others are whole. */
  async close(): Promise<void> {
    await this.#failed.close()
    await this.#dropped?.close()
    await this.#out!.close()
  }

  async abort(): Promise<void> {
    for (const sink of [this.#failed, this.#dropped, this.#out]) await sink?.abort()
  }
}
