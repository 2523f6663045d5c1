import { usageError } from "../runtime/errors.ts"
import type { Row } from "../runtime/step.ts"
import { readRows, type SourceFile } from "./source.ts"

/**
 * Our columns that a source's may be mapped to, with the names they are looked for under when they are not mapped. A mapping may name
 * ours by any of its names: `{answer: "reply"}` is `{completion: "reply"}`.
 */
export const usualSampleNames = {
  id: ["id"],
  question_id: ["question_id"],
  messages: ["messages"],
  prompt: ["prompt", "question", "instruction"],
  input: ["input"],
  system: ["system"],
  completion: ["completion", "response", "answer", "output"],
  thinking: ["thinking", "reasoning", "reasoning_content"],
  enable_thinking: ["enable_thinking"],
  tools: ["tools"],
  category: ["category", "task"],
  domain: ["domain"],
  language: ["language", "lang"],
  source: ["source"],
  license: ["license"],
  revision: ["revision"],
  reference: ["reference"],
  model: ["model"],
  pass_rate: ["pass_rate"],
} as const

/** A column of a sample that a source fills. */
export type SampleColumn = keyof typeof usualSampleNames
const ours = Object.entries(usualSampleNames) as [SampleColumn, readonly string[]][]

/** The column of a source for one of ours. */
export interface SamplePlace {
  readonly column: string
  /** True when the config maps it; a usual name that holds something else than it should is no mistake of the source. */
  readonly mapped: boolean
}
export type SamplePlaces = Partial<Record<SampleColumn, SamplePlace>>

/** The place of each of our columns in a row: the mapped one, else the first usual name that the row has and nothing else uses. */
export function samplePlaces(row: Row, { columns }: Pick<SourceFile, "columns">): SamplePlaces {
  const places: SamplePlaces = {}
  const taken = new Set(Object.values(columns) as string[])
  for (const [name, usual] of ours) {
    const mapped = usual.map((alias) => columns[alias]).find((column) => column !== undefined) as string | undefined
    const found = usual.find((alias) => Object.hasOwn(row, alias) && !taken.has(alias))
    if (mapped !== undefined) places[name] = { column: mapped, mapped: true }
    else if (found !== undefined) places[name] = { column: found, mapped: false }
  }
  return places
}

/** Rows that `checkSampleColumns` looks at. */
const rowsChecked = 100

/**
 * Looks at the first rows of a file, so that a mapping that names a column they lack, or a file without conversations, is a usageError
 * before anything starts. Standard input is not looked at, because it can be read only once.
 */
export async function checkSampleColumns(file: SourceFile): Promise<void> {
  for (const name of Object.keys(file.columns))
    if (!ours.some(([, usual]) => usual.includes(name)))
      throw usageError({
        what: "Unknown column in the mapping",
        where: `${file.name}, columns.${name}`,
        expected: `one of ${ours.map(([name]) => name).join(", ")}`,
        got: name,
      })
  if (file.path === "-") return
  const found = new Set<string>()
  let looked = 0
  for await (const source of readRows(file)) {
    if ("row" in source) for (const name of Object.keys(source.row)) found.add(name)
    if (++looked === rowsChecked) break
  }
  if (found.size === 0) return
  const has = `the columns ${[...found].join(", ")}`
  for (const [name, column] of Object.entries(file.columns))
    if (!found.has(column as string))
      throw usageError({
        what: "The column mapping names a missing column",
        where: `${file.name}, columns.${name}`,
        expected: column as string,
        got: has,
        remedy: "Map it to one of the columns found, or leave it out.",
      })
  const places = samplePlaces(Object.fromEntries([...found].map((name) => [name, null])), file)
  if (places.messages === undefined && (places.prompt === undefined || places.completion === undefined))
    throw usageError({
      what: "No conversations in the rows",
      where: file.name,
      expected: `messages, or a prompt (${usualSampleNames.prompt.join(", ")}) and a completion (${usualSampleNames.completion.join(", ")})`,
      got: has,
      remedy: 'Name them in the source: {"path": ..., "columns": {"prompt": "<column>", "answer": "<column>"}}.',
    })
}
