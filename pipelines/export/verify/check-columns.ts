// The footer of every Parquet file: its rows, and the columns that its view has, in their order and with no other among them. A manifest
// that was made to fit a changed file does not make the file one that loaders can read.
import { join } from "node:path"
import { type Schema, Type } from "apache-arrow"
import type { HandoffManifest, HandoffShard } from "../../../schemas/handoff-manifest.ts"
import { messagesRow } from "../../../schemas/messages-row.ts"
import { packedRow } from "../../../schemas/packed.ts"
import { rejectedRow } from "../../../schemas/rejected-row.ts"
import { rlPrompt } from "../../../schemas/rl-prompt.ts"
import { sample } from "../../../schemas/sample.ts"
import { openParquet } from "../../io/parquet.ts"
import { columnsOfF3 } from "../run-samples.ts"
import type { Findings } from "./findings.ts"
import { messageOf } from "./shard-rows.ts"

/** Columns of a view; `more`: whether columns of the run may follow them. */
interface ViewColumns {
  readonly columns: ReadonlyMap<string, string>
  readonly more: boolean
}

const columnsOf = ({ fields }: Schema): ReadonlyMap<string, string> =>
  new Map(fields.map(({ name, type }) => [name, `${type}`]))

const viewColumns = new Map<string, ViewColumns>([
  ["sft", { columns: columnsOf(sample.schema.select([...columnsOfF3])), more: true }],
  ["messages", { columns: columnsOf(messagesRow.schema), more: false }],
  ["packed", { columns: columnsOf(packedRow.schema), more: false }],
  ["rl", { columns: columnsOf(rlPrompt.schema), more: false }],
  ["rejected", { columns: columnsOf(rejectedRow.schema), more: false }],
])

/** Rows and columns of all Parquet files by their footers, which is quick. A file that cannot be read is a finding. */
export async function checkColumns(folder: string, { shards }: HandoffManifest, findings: Findings): Promise<void> {
  /** Columns of the first file of each view. */
  const first = new Map<string, { path: string; schema: string }>()
  for (const shard of shards) {
    if (!shard.path.endsWith(".parquet")) continue
    const schema = await checkFooter(folder, shard, findings)
    if (!schema) continue
    const fault = (what: string) => findings.add(shard.path, "columns", what)
    const view = shard.path.slice(0, shard.path.lastIndexOf("/"))
    const expected = viewColumns.get(view)
    if (!expected) {
      fault("a handoff has no rows in this place")
      continue
    }
    for (const what of columnFaults(schema, expected)) fault(what)
    const before = first.get(view) ?? { path: shard.path, schema: `${schema}` }
    first.set(view, before)
    if (before.schema !== `${schema}`) fault(`its columns are not those of ${before.path}`)
  }
}

/** What the manifest says of a file's footer. The schema that was found; null where the file cannot be read. */
async function checkFooter(folder: string, shard: HandoffShard, findings: Findings): Promise<Schema | null> {
  try {
    const { schema, rows } = await openParquet(join(folder, shard.path))
    if (`${schema}` !== shard.schema)
      findings.add(shard.path, "schema", `expected the columns ${shard.schema}, got ${schema}`)
    if (rows !== shard.rows) findings.add(shard.path, "rows", `expected ${shard.rows} rows, got ${rows}`)
    return schema
  } catch (error) {
    findings.add(shard.path, "readable", messageOf(error))
    return null
  }
}

function* columnFaults({ fields }: Schema, { columns, more }: ViewColumns): Generator<string> {
  const found = new Map(fields.map(({ name, type }) => [name, type]))
  for (const [name, type] of columns) {
    const got = found.get(name)
    if (!got) yield `lacks the column ${name}`
    else if (`${got}` !== type) yield `has the column ${name} as ${got}, expected ${type}`
  }
  const names = [...columns.keys()]
  if (!more)
    for (const [name, type] of found)
      if (!columns.has(name)) yield `has the column ${name} (${type}), expected only ${names.join(", ")}`
  const tools = more ? found.get("tools") : undefined
  if (tools && tools.typeId !== Type.Utf8) yield `has the column tools as ${tools}, expected text: JSON`
  const order = fields.map(({ name }) => name).filter((name) => columns.has(name))
  if (order.length === names.length && order.join() !== names.join())
    yield `has its columns in the order ${order.join(", ")}, expected ${names.join(", ")}`
}
