// Drafts that were made elsewhere, joined to questions by their text. The texts may be many gigabytes: they are written once to a
// scratch file, and memory holds 16 bytes of hash and a place for each.
import { createHash } from "node:crypto"
import { type FileHandle, open, rm } from "node:fs/promises"
import { deserialize, serialize } from "node:v8"
import type { ImportSource } from "../../schemas/config.ts"
import type { ImportedDraft } from "../../schemas/imported-draft.ts"
import { writeFailure } from "../runtime/disk.ts"
import { oneLine, stopError, usageError } from "../runtime/errors.ts"
import { canonicalRowJson } from "../runtime/row-json.ts"
import type { Row } from "../runtime/step.ts"
import { type Place, readRows, resolveSources, type SourceFile } from "./source.ts"

/** A file of drafts and what its config says. */
export interface DraftFile extends SourceFile {
  model: string
  /** Our names -> the file's columns. */
  names: Partial<Record<Ours, string>>
}

/** Our names, with the columns that they are looked for under. */
const usualNames = {
  question: ["question", "problem", "prompt"],
  responses: ["generations", "responses", "completions", "response", "completion", "generation"],
  reasoning: ["reasoning_content", "reasoning"],
  finish: ["finish_reasons", "finish_reason"],
  complete: ["is_reasoning_complete"],
  outputTokens: ["output_tokens", "completion_tokens"],
} as const
type Ours = keyof typeof usualNames
const ours = Object.keys(usualNames) as Ours[]

/** The files of `drafts.import`, in order. Throws usage errors as `resolveSources` does, and for unknown names in a mapping. */
export async function resolveDrafts(sources: readonly ImportSource[], cwd: string): Promise<DraftFile[]> {
  const files: DraftFile[] = []
  for (const [index, { path, model, columns = {}, license, revision, name }] of sources.entries()) {
    const where = `drafts.import[${index}]`
    const unknown = Object.keys(columns).find((key) => !(ours as string[]).includes(key))
    if (unknown !== undefined)
      throw usageError({
        what: "Unknown column in the mapping",
        where: `${where}.columns.${unknown}`,
        expected: `one of ${ours.join(", ")}`,
      })
    for (const file of await resolveSources([{ path, license, revision, name }], { cwd, where }))
      files.push({ ...file, model, names: columns })
  }
  return files
}

/** Looks at a file's first row, so that a mapping that does not fit is a usage error before anything starts. */
export async function checkDraftColumns(file: DraftFile): Promise<void> {
  for await (const read of readRows(file)) {
    if ("error" in read) throw read.error
    const { row } = read
    const has = `the columns ${oneLine(Object.keys(row).join(", "), 200)}`
    for (const [name, column] of Object.entries(file.names))
      if (!Object.hasOwn(row, column))
        throw usageError({
          what: "The column mapping names a missing column",
          where: `${file.name}, columns.${name}`,
          expected: column,
          got: has,
        })
    const hasMessages = Array.isArray(row.messages)
    for (const name of ["question", "responses"] as const)
      if (columnOf(row, file, name) === null && !hasMessages)
        throw usageError({
          what: `No column with the ${name === "question" ? "question" : "drafts"}`,
          where: file.name,
          expected: `one of ${usualNames[name].join(", ")}, or messages`,
          got: has,
          remedy: `Name it: drafts.import: [{path, model, columns: {${name}: "<column>"}}].`,
        })
    return
  }
}

/** The drafts of all files by question. Close it when the questions have been read. */
export class ImportedDrafts {
  /** Drafts that were read, and questions that had any. */
  drafts = 0
  matched = 0
  readonly #path: string
  readonly #file: FileHandle
  readonly #places = new Map<string, { offset: number; length: number }[]>()
  #end = 0

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  /** Reads files into a scratch file that is made at `path`. Rejects with a stop error at the first row that is no draft. */
  static async read(files: readonly DraftFile[], path: string): Promise<ImportedDrafts> {
    const imported = new ImportedDrafts(path, await open(path, "wx+", 0o600))
    try {
      for (const file of files)
        for await (const read of readRows(file)) {
          if ("error" in read) throw badRow(file, read.at, read.error.message)
          await imported.#add(read.row, file, read.at)
        }
      return imported
    } catch (error) {
      await imported.close()
      throw error
    }
  }

  /** The drafts of a question, in the order of the files; none is fine. */
  async of(question: string): Promise<ImportedDraft[]> {
    const places = this.#places.get(keyOf(question)) ?? []
    if (places.length > 0) this.matched++
    const drafts: ImportedDraft[] = []
    for (const { offset, length } of places) {
      const bytes = Buffer.alloc(length)
      for (let done = 0; done < length; ) {
        const { bytesRead } = await this.#file.read(bytes, done, length - done, offset + done)
        if (bytesRead === 0) throw new Error(`The scratch file ${this.#path} was cut short by somebody else`)
        done += bytesRead
      }
      drafts.push(deserialize(bytes) as ImportedDraft)
    }
    return drafts
  }

  async close(): Promise<void> {
    await this.#file.close()
    await rm(this.#path, { force: true })
  }

  async #add(row: Row, file: DraftFile, at: Place): Promise<void> {
    const question = questionOf(row, file)
    if (question === null) throw badRow(file, at, "expected a question: text, or messages with a user's turn")
    const key = keyOf(question)
    for (const draft of draftsOf(row, file, at)) {
      const bytes = serialize(draft)
      try {
        for (let done = 0; done < bytes.length; )
          done += (await this.#file.write(bytes, done, bytes.length - done, this.#end + done)).bytesWritten
      } catch (error) {
        throw writeFailure(this.#path, error)
      }
      const places = this.#places.get(key) ?? []
      places.push({ offset: this.#end, length: bytes.length })
      this.#places.set(key, places)
      this.#end += bytes.length
      this.drafts++
    }
  }
}

/** Questions are the same when they differ in white space at most. */
const keyOf = (question: string): string =>
  createHash("sha256").update(question.normalize("NFC").trim().replace(/\s+/g, " ")).digest("base64").slice(0, 22)

function columnOf(row: Row, { names }: DraftFile, name: Ours): string | null {
  const named = names[name]
  if (named !== undefined) return Object.hasOwn(row, named) ? named : null
  return usualNames[name].find((usual) => Object.hasOwn(row, usual) && row[usual] !== null) ?? null
}

interface Message {
  role: unknown
  content: unknown
}
const isMessages = (value: unknown): value is Message[] =>
  Array.isArray(value) && value.length > 0 && value.every((turn) => isRecord(turn) && "role" in turn)
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

/** The text of a question: of a conversation the last turn of its user. */
function questionOf(row: Row, file: DraftFile): string | null {
  const column = columnOf(row, file, "question")
  const value = column === null ? row.messages : row[column]
  const text = isMessages(value) ? value.findLast(({ role }) => role === "user")?.content : value
  return typeof text === "string" && text.trim() !== "" ? text : null
}

function draftsOf(row: Row, file: DraftFile, at: Place): ImportedDraft[] {
  const column = columnOf(row, file, "responses")
  const value = column === null ? assistantOf(row.messages) : row[column]
  const given = Array.isArray(value) ? value : [value]
  const nth = (name: Ours, index: number): unknown => {
    const found = columnOf(row, file, name)
    const values = found === null ? null : row[found]
    return Array.isArray(values) ? values[index] : given.length === 1 ? values : null
  }
  return given.flatMap((response, index) => {
    // Sets that were made in several rounds have gaps.
    if (response === null || response === undefined) return []
    const record: Record<string, unknown> = isRecord(response) ? response : { content: response }
    const reasoning = record.reasoning_content ?? record.reasoning ?? nth("reasoning", index) ?? null
    const content = record.content ?? (reasoning === null ? undefined : "")
    if (typeof content !== "string" || !(reasoning === null || typeof reasoning === "string"))
      throw badRow(
        file,
        at,
        `${column ?? "messages"}[${index}]: expected text, or {content, reasoning_content}, got ${oneLine(canonicalRowJson({ got: response }), 80)}`,
      )
    if (content.trim() === "" && !reasoning) return []
    const isCut = /length|max_tokens/.test(String(nth("finish", index) ?? "")) || nth("complete", index) === false
    const tokens = Number(nth("outputTokens", index) ?? Number.NaN)
    return [
      {
        content: content.toWellFormed(),
        reasoning: reasoning === null ? null : reasoning.toWellFormed(),
        finish: isCut ? "length" : "stop",
        outputTokens: Number.isSafeInteger(tokens) && tokens >= 0 && tokens < 2 ** 31 ? tokens : null,
        model: file.model,
      },
    ]
  })
}

const assistantOf = (messages: unknown): unknown =>
  isMessages(messages) ? (messages.findLast(({ role }) => role === "assistant") ?? null) : null

const badRow = (file: DraftFile, at: Place, message: string) =>
  stopError({
    what: "A row of imported drafts cannot be read",
    where: `${file.name}, line ${at.line}`,
    got: message,
    remedy: "Mend or remove the row: what it holds was paid for.",
  })
