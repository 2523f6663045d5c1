import { Field, Schema } from "apache-arrow"
import { inferSchema } from "../../pipelines/io/infer-schema.ts"
import { openRowSink, type RowSink } from "../../pipelines/io/row-sink.ts"
import { verdict } from "../../schemas/verdict.ts"
import { needsSchema } from "../apply/output-schema.ts"
import type { VerdictRow } from "./scored-row.ts"

/** Rows whose ids say of which kind the column of ids is, in a typed OUT. */
const rowsForSchema = 1_000

/** OUT: rows of verdicts. A typed file is opened when its first rows are there. */
export class VerdictSink {
  readonly #path: string
  #sink: RowSink | null = null
  #first: VerdictRow[] = []

  private constructor(path: string) {
    this.#path = path
  }

  static async open(path: string): Promise<VerdictSink> {
    const sink = new VerdictSink(path)
    if (!needsSchema(path)) sink.#sink = await openRowSink(path)
    return sink
  }

  async write(row: VerdictRow): Promise<void> {
    if (this.#sink) return this.#sink.write(row)
    this.#first.push(row)
    if (this.#first.length >= rowsForSchema) await this.#openTyped()
  }

  async close(): Promise<void> {
    const sink = this.#sink ?? (await this.#openTyped())
    await sink.close()
  }

  async abort(): Promise<void> {
    await this.#sink?.abort()
  }

  async #openTyped(): Promise<RowSink> {
    const rows = this.#first.splice(0)
    const [id] = inferSchema([{ id: null }, ...rows.map(({ id }) => ({ id }))], this.#path).fields
    const schema = new Schema([new Field("id", id!.type, true), ...verdict.arrow.children])
    this.#sink = await openRowSink(this.#path, { schema })
    for (const row of rows) await this.#sink.write(row)
    return this.#sink
  }
}
