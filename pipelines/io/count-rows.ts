import { openParquet } from "./parquet.ts"
import { readRows, type SourceFile } from "./source.ts"

/** Rows of source files, those that cannot be read included: from the footer of Parquet files, else by reading. */
export async function countRowsOf(files: readonly SourceFile[]): Promise<number> {
  let rows = 0
  for (const file of files) {
    if (file.format.kind === "parquet") rows += (await openParquet(file.path)).rows
    else for await (const _ of readRows(file)) rows++
  }
  return rows
}
