import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { openParquet, readParquet } from "../../pipelines/io/parquet.ts"
import { rowsOf } from "../../pipelines/runtime/batch.ts"
import type { Row } from "../../pipelines/runtime/step.ts"

/** Rows of a folder's Parquet files, evenly over all of them; the same ones each time. Reads no more than those rows' row groups. */
export async function spreadRows(folder: string, count: number): Promise<{ rows: Row[]; of: number }> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".parquet")).sort()
  const files: { path: string; rows: number }[] = []
  for (const name of names) files.push({ path: join(folder, name), rows: (await openParquet(join(folder, name))).rows })
  const of = files.reduce((sum, { rows }) => sum + rows, 0)
  const rows: Row[] = []
  for (let at = 0; at < Math.min(count, of); at++) {
    let place = Math.floor((at * of) / Math.min(count, of))
    for (const { path, rows: inFile } of files) {
      if (place < inFile) {
        for await (const batch of readParquet(path, { from: place, to: place + 1 })) rows.push(...rowsOf(batch))
        break
      }
      place -= inFile
    }
  }
  return { rows, of }
}

/** A completion's thinking and answer; no thinking where it has no think block. */
export function splitThinking(text: string): { thinking: string | null; answer: string } {
  const end = text.indexOf("</think>")
  if (end < 0) return { thinking: null, answer: text }
  return {
    thinking: text
      .slice(0, end)
      .replace(/^\s*<think>/, "")
      .trim(),
    answer: text.slice(end + "</think>".length).trim(),
  }
}
