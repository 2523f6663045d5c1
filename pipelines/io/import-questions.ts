import type { ImportSource, SourceConfig } from "../../schemas/config.ts"
import { importedDrafts } from "../../schemas/imported-draft.ts"
import { question } from "../../schemas/question.ts"
import { stopError } from "../runtime/errors.ts"
import type { Imported, ImportStage } from "../runtime/stage.ts"
import type { Row } from "../runtime/step.ts"
import { checkDraftColumns, type DraftFile, ImportedDrafts, resolveDrafts } from "./import-drafts.ts"
import { importedRows } from "./imported-rows.ts"
import { checkColumns } from "./question-columns.ts"
import { questionsOf } from "./questions.ts"
import { digestOf, resolveSources, type SourceFile } from "./source.ts"

/**
 * The stage that reads questions from files, folders and globs into shards. Sources are resolved, and their first rows looked
 * at, before anything else of the run starts.
 */
export function importQuestions(options: {
  id: string
  sources: readonly SourceConfig[]
  rowsPerShard: number
  failureLimit: number
  /** Drafts made elsewhere: questions then have the column `imported`. */
  drafts?: readonly ImportSource[]
}): ImportStage {
  const { id, sources, rowsPerShard, failureLimit, drafts = [] } = options
  let resolved: Promise<SourceFile[]> | null = null
  const files = () => {
    resolved ??= resolveSources(sources, { cwd: process.cwd(), where: "questions" })
    return resolved
  }
  let resolvedDrafts: Promise<DraftFile[]> | null = null
  const draftFiles = () => {
    resolvedDrafts ??= resolveDrafts(drafts, process.cwd())
    return resolvedDrafts
  }
  const withoutPath = (source: SourceConfig) => {
    const { path: _, ...declared }: Exclude<SourceConfig, string> =
      typeof source === "string" ? { path: source } : source
    return declared
  }
  let digested: ReturnType<ImportStage["digests"]> | null = null
  return {
    kind: "import",
    id,
    version: 3,
    params:
      drafts.length === 0
        ? sources.map(withoutPath)
        : { sources: sources.map(withoutPath), drafts: drafts.map(({ path: _, ...declared }) => declared) },
    columns: drafts.length === 0 ? question.columns : { ...question.columns, imported: importedDrafts },
    rowsPerShard,
    failureLimit,
    async check() {
      for (const file of await files()) await checkColumns(file)
      for (const file of await draftFiles()) await checkDraftColumns(file)
    },
    digests() {
      digested ??= Promise.all([files(), draftFiles()]).then((found) =>
        Promise.all(
          found.flat().map(async (file) => {
            const { source, license, revision } = file
            return { name: source, ...(await digestOf(file)), license: license ?? null, revision: revision ?? null }
          }),
        ),
      )
      return digested
    },
    async *rows(limit, scratch) {
      if (drafts.length === 0 || !scratch) {
        for (const file of await files()) yield* importedRows(file, questionsOf(file))
        return
      }
      const imported = await ImportedDrafts.read(await draftFiles(), scratch)
      try {
        for (const file of await files())
          for await (const read of importedRows(file, questionsOf(file)))
            yield "row" in read ? await withDrafts(read, imported) : read
        // Before anything is asked: drafts that find no question would be paid for again. A pilot may well have none.
        if (imported.matched === 0 && imported.drafts > 0 && limit === null) throw noneMatched(imported.drafts)
      } finally {
        await imported.close()
      }
    },
  }
}

const withDrafts = async ({ row }: { row: Row }, imported: ImportedDrafts): Promise<Imported> => ({
  row: { ...row, imported: await imported.of(String(row.question)) },
})

const noneMatched = (drafts: number) =>
  stopError({
    what: "No imported draft belongs to a question",
    where: "drafts.import",
    expected: "drafts whose question has the same text, but for white space",
    got: `${drafts} drafts of other questions`,
    remedy: "Check columns.question of questions and of drafts.import.",
  })
