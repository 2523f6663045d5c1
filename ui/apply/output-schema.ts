import { Field, Schema } from "apache-arrow"
import { arrowSchema } from "../../pipelines/io/arrow-file.ts"
import { inferSchema } from "../../pipelines/io/infer-schema.ts"
import { openParquet } from "../../pipelines/io/parquet.ts"
import { formatOf, type SourceFile } from "../../pipelines/io/source.ts"
import type { Row } from "../../pipelines/runtime/step.ts"
import { type Columns, fieldsOf } from "../../schemas/columns.ts"

/** True when a file of that name needs to know its columns beforehand. */
export const needsSchema = (path: string): boolean => path !== "-" && formatOf(path)?.kind !== "jsonl"

/**
 * The columns of an output: those of the input (a typed file's own, else as its first rows show them) and, replacing those of their
 * name, the added ones. An added column that is null in many rows keeps its type in this way. Undefined where nothing is known.
 */
export async function outputSchema(
  files: readonly SourceFile[],
  first: readonly Row[],
  added: Columns,
  where: string,
): Promise<Schema | undefined> {
  const base = await inputSchema(files, first, where)
  if (!base) return undefined
  const fields = new Map(base.fields.map((field) => [field.name, field]))
  for (const field of fieldsOf(added)) fields.set(field.name, new Field(field.name, field.type, true))
  return new Schema([...fields.values()])
}

async function inputSchema(files: readonly SourceFile[], first: readonly Row[], where: string): Promise<Schema | null> {
  const [file] = files
  if (file?.format.kind === "parquet") return (await openParquet(file.path)).schema
  if (file?.format.kind === "arrow") return arrowSchema(file.path)
  return first.length === 0 ? null : inferSchema(first, where)
}
