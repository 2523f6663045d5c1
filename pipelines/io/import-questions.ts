import type { SourceConfig } from "../../schemas/config.ts"
import { question } from "../../schemas/question.ts"
import { RowError } from "../runtime/errors.ts"
import type { Imported, ImportStage } from "../runtime/stage.ts"
import { checkColumns } from "./question-columns.ts"
import { questionsOf } from "./questions.ts"
import { digestOf, readRows, resolveSources, type SourceFile } from "./source.ts"

/**
 * The stage that reads questions from files, folders and globs into shards. Sources are resolved, and their first rows looked
 * at, before anything else of the run starts.
 */
export function importQuestions(options: {
  id: string
  sources: readonly SourceConfig[]
  rowsPerShard: number
  failureLimit: number
}): ImportStage {
  const { id, sources, rowsPerShard, failureLimit } = options
  let resolved: Promise<SourceFile[]> | null = null
  const files = () => {
    resolved ??= resolveSources(sources, { cwd: process.cwd(), where: "questions" })
    return resolved
  }
  let digested: ReturnType<ImportStage["digests"]> | null = null
  return {
    kind: "import",
    id,
    version: 3,
    params: sources.map((source) => {
      const { path: _, ...declared }: Exclude<SourceConfig, string> =
        typeof source === "string" ? { path: source } : source
      return declared
    }),
    columns: question.columns,
    rowsPerShard,
    failureLimit,
    async check() {
      for (const file of await files()) await checkColumns(file)
    },
    digests() {
      digested ??= files().then((found) =>
        Promise.all(
          found.map(async (file) => {
            const { source, license, revision } = file
            return { name: source, ...(await digestOf(file)), license: license ?? null, revision: revision ?? null }
          }),
        ),
      )
      return digested
    },
    async *rows() {
      for (const file of await files()) yield* questionRows(file)
    },
  }
}

async function* questionRows(file: SourceFile): AsyncGenerator<Imported> {
  const questionAt = questionsOf(file)
  for await (const read of readRows(file)) {
    const { at } = read
    const place = `${file.source}:${at.line}`
    if ("error" in read) {
      yield { error: read.error, id: place, raw: read.raw }
      continue
    }
    try {
      yield { row: questionAt(read.row, at) }
    } catch (error) {
      if (!(error instanceof RowError)) throw error
      yield { error, id: ownId(read.row, file) ?? place, raw: rawText(read.row) }
    }
  }
}

/** The id that a row has of its own, so that whoever misses the row finds it among the failed ones. */
function ownId(row: Record<string, unknown>, { columns }: SourceFile): string | null {
  const id = row[String(columns.id ?? "id")]
  if (typeof id === "number" || typeof id === "bigint") return String(id)
  return typeof id === "string" && id.trim() !== "" && id.length <= 512 ? id.toWellFormed() : null
}

/** Enough of a row to know it again. */
const rawText = (row: Record<string, unknown>): string =>
  JSON.stringify(row, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value))
    .slice(0, 2_000)
    .toWellFormed()
