import { openArrow } from "../../pipelines/io/arrow-file.ts"
import { countRowsOf } from "../../pipelines/io/count-rows.ts"
import { openParquet } from "../../pipelines/io/parquet.ts"
import { readRows, resolveSources, type SourceFile } from "../../pipelines/io/source.ts"
import type { Row } from "../../pipelines/runtime/step.ts"
import type { InspectOptions } from "../commands/inspect.ts"
import { columns, grouped } from "../print.ts"
import { plainJson, terminalJson } from "./plain-json.ts"

/** A file or folder of rows: schema, counts and the first rows, or one row by its id. */
export async function inspectRows(path: string, options: InspectOptions): Promise<void> {
  const files = await resolveSources([path], { cwd: process.cwd(), where: "PATH" })
  const shown: Row[] = []
  const wanted = options.row
  search: for (const file of files)
    for await (const read of readRows(file)) {
      if (shown.length >= (wanted === undefined ? options.rows : 1)) break search
      if ("row" in read && (wanted === undefined || String(read.row.id) === wanted)) shown.push(read.row)
    }
  const schema = await schemaOf(files[0]!, shown[0])
  const rows = await countRowsOf(files)
  if (options.json) {
    process.stdout.write(`${plainJson({ files: files.map(({ name }) => name), rows, schema, sample: shown })}\n`)
    return
  }
  const print = (line: string) => process.stdout.write(`${line}\n`)
  print(`${grouped(rows)} rows in ${grouped(files.length)} ${files.length === 1 ? "file" : "files"}`)
  print("")
  for (const line of columns(Object.entries(schema))) print(line)
  for (const row of shown) {
    print("")
    print(terminalJson(row))
  }
}

async function schemaOf({ path, format }: SourceFile, first: Row | undefined): Promise<Record<string, string>> {
  if (format.kind === "jsonl")
    return Object.fromEntries(Object.entries(first ?? {}).map(([name, value]) => [name, kindOf(value)]))
  const { schema } = format.kind === "parquet" ? await openParquet(path) : await openArrow(path)
  return Object.fromEntries(
    schema.fields.map(({ name, type, nullable }) => [name, `${type}${nullable ? " or null" : ""}`]),
  )
}

const kindOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "list" : typeof value)
