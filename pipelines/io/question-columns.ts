import { usageError } from "../runtime/errors.ts"
import type { Row } from "../runtime/step.ts"
import { readRows, type SourceFile } from "./source.ts"

/** Our columns that a source's may be mapped to, with the names they are looked for under when they are not mapped. */
export const usualNames = {
  id: ["id"],
  question: ["question", "problem", "prompt"],
  reference: ["reference", "answer", "ground_truth"],
  choices: ["choices", "options"],
  verifier: ["verifier"],
  solution: ["solution", "canonical_solution"],
  domain: ["domain"],
  language: ["language"],
} as const

/** A column of ours that a source fills. */
export type Ours = keyof typeof usualNames
const ours = Object.keys(usualNames) as Ours[]

/** Where a column of ours stands in a row of a source. */
export interface ColumnPlace {
  /** One column, or the members of a record with the column of each. */
  readonly column: string | Readonly<Record<string, string>>
  /** True when the config maps it; a usual name that holds something else than text is no mistake of the source. */
  readonly mapped: boolean
}

/** The place of each of our columns in a row: the mapped one, else the first usual name that the row has and nothing else uses. */
export function placesIn(row: Row, { columns }: Pick<SourceFile, "columns">): Partial<Record<Ours, ColumnPlace>> {
  const places: Partial<Record<Ours, ColumnPlace>> = {}
  const taken = new Set(Object.values(columns).flatMap(columnsOf))
  for (const name of ours) {
    const mapped = columns[name]
    const usual = usualNames[name].find((usual) => Object.hasOwn(row, usual) && !taken.has(usual))
    if (mapped !== undefined) places[name] = { column: mapped, mapped: true }
    else if (usual !== undefined) places[name] = { column: usual, mapped: false }
  }
  return places
}

/** The source's columns of one place. */
export const columnsOf = (column: ColumnPlace["column"]): string[] =>
  typeof column === "string" ? [column] : Object.values(column)

/** Rows that `checkColumns` looks at. */
const rowsChecked = 100

/**
 * Looks at the first rows of a file, so that a mapping that names a column they lack, or a file without a question column, is a
 * usageError before anything starts. Standard input is not looked at, because it can be read only once.
 */
export async function checkColumns(file: SourceFile): Promise<void> {
  expectKnownNames(file)
  if (file.path === "-") return
  const found = new Set<string>()
  let looked = 0
  for await (const source of readRows(file)) {
    if ("row" in source) for (const name of Object.keys(source.row)) found.add(name)
    if (++looked === rowsChecked) break
  }
  if (found.size === 0) return
  const has = `the columns ${[...found].join(", ")}`
  for (const [name, place] of Object.entries(file.columns)) {
    const missing = columnsOf(place).find((column) => !found.has(column))
    if (missing !== undefined)
      throw usageError({
        what: "The column mapping names a missing column",
        where: `${file.name}, columns.${name}`,
        expected: missing,
        got: has,
        remedy: "Map it to one of the columns found, or leave it out.",
      })
  }
  if (file.columns.question === undefined && !usualNames.question.some((name) => found.has(name)))
    throw usageError({
      what: "No question column",
      where: file.name,
      expected: `one of ${usualNames.question.join(", ")}`,
      got: has,
      remedy: 'Name it in the source: {"path": ..., "columns": {"question": "<column>"}}.',
    })
}

/** Throws a usageError where the mapping names a column that is none of ours, or a record for another than the reference. */
export function expectKnownNames(file: SourceFile): void {
  for (const [name, place] of Object.entries(file.columns)) {
    const where = `${file.name}, columns.${name}`
    if (!(ours as string[]).includes(name))
      throw usageError({
        what: "Unknown column in the mapping",
        where,
        expected: `one of ${ours.join(", ")}`,
        got: name,
      })
    if (typeof place !== "string" && name !== "reference")
      throw usageError({
        what: "Only the reference may be put together from several columns",
        where,
        expected: "the name of a column",
        got: JSON.stringify(place),
      })
  }
}
