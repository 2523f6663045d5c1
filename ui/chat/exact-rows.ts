// Rows of IN with the numbers that Python would read: 1.0 is no 1 where a template prints it.
import { DataType, type Schema } from "apache-arrow"
import { floatOf, isDict, parsePythonJson } from "../../annotators/chat/python-json.ts"
import { arrowSchema } from "../../pipelines/io/arrow-file.ts"
import { type Line, readLines, rowOfLine, type SourceRow } from "../../pipelines/io/jsonl.ts"
import { openParquet } from "../../pipelines/io/parquet.ts"
import { readRows, type SourceFile } from "../../pipelines/io/source.ts"
import type { Row } from "../../pipelines/runtime/step.ts"

/** A row as it came, and as Python has its values; without `exact` the two are the same. */
export type ExactRow = SourceRow & { exact?: Row }

/** The rows of files in order. */
export async function* exactRows(files: readonly SourceFile[]): AsyncGenerator<ExactRow> {
  for (const file of files) yield* file.format.kind === "jsonl" ? rowsOfLines(file) : rowsOfTypes(file)
}

async function* rowsOfLines({ path, name, format }: SourceFile): AsyncGenerator<ExactRow> {
  let number = 0
  for await (const lines of readLines(path, { name, compression: format.compression }))
    for (const line of lines) {
      const row = rowOfLine(line, { file: name, line: ++number })
      if (row) yield "row" in row && mayDiffer(line) ? { ...row, exact: exactOf(line, row.row) } : row
    }
}

/** Only tools, their calls and their results hold numbers that are printed, or keys in an order of their own. */
const mayDiffer = ({ bytes }: Line) => bytes.includes("tool")

function exactOf({ bytes }: Line, row: Row): Row {
  const read = parsePythonJson(bytes.toString("utf8"))
  if (read instanceof Map) return Object.fromEntries(read)
  return isDict(read) ? (read as Row) : row
}

async function* rowsOfTypes(file: SourceFile): AsyncGenerator<ExactRow> {
  const schema = file.format.kind === "parquet" ? (await openParquet(file.path)).schema : await arrowSchema(file.path)
  const floating = columnsWithFloats(schema)
  for await (const source of readRows(file)) {
    if ("error" in source || floating.length === 0) yield source
    else {
      const exact = { ...source.row }
      for (const { name, type } of floating) exact[name] = withFloats(exact[name], type)
      yield { ...source, exact }
    }
  }
}

const columnsWithFloats = ({ fields }: Schema) => fields.filter(({ type }) => hasFloats(type))

const hasFloats = (type: DataType): boolean =>
  DataType.isFloat(type) || (type.children ?? []).some((child) => hasFloats(child.type))

function withFloats(value: unknown, type: DataType): unknown {
  if (value === null || value === undefined || !hasFloats(type)) return value
  if (typeof value === "number") return floatOf(value)
  if (Array.isArray(value)) return value.map((element) => withFloats(element, type.children[0]!.type))
  if (!isDict(value) || !DataType.isStruct(type)) return value
  const members = value as Row
  return Object.fromEntries(type.children.map((child) => [child.name, withFloats(members[child.name], child.type)]))
}
