import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { type DataType, type Field, type RecordBatch, Schema, Type } from "apache-arrow"
import { type Manifest, manifest as manifestType } from "../../schemas/manifest.ts"
import { sample } from "../../schemas/sample.ts"
import { openParquet, readParquet } from "../io/parquet.ts"
import { rowReader } from "../runtime/batch.ts"
import { hasOnlyTexts } from "../runtime/canonical-batch.ts"
import { cellReader } from "../runtime/column-reader.ts"
import { RowError, stopError, usageError } from "../runtime/errors.ts"
import type { Row } from "../runtime/step.ts"
import type { BatchRow } from "./shard-folder.ts"

/** A finished run whose dataset is samples (F3). */
export interface RunSamples {
  readonly run: string
  readonly manifest: Manifest
  readonly manifestSha256: string
  /** Columns of the dataset: those of F3 first. */
  readonly schema: Schema
  /** Samples of each mode; those whose mode is null count as thinking. */
  readonly counts: { thinking: number; nonThinking: number }
}

/** What of F3 decides what is trained, in the order in which it is stored. */
export const columnsOfF3 = ["id", "prompt", "completion", "chat_template_kwargs", "enable_thinking"] as const

/**
 * Opens a run for handing off: its manifest, whose files must be what it says, and the columns of its dataset. A usageError where there
 * is no finished run of samples; a stopError where a file is not what the run wrote.
 */
export async function openRunSamples(run: string): Promise<RunSamples> {
  const { manifest, sha256 } = await readRunManifest(run)
  if (manifest.shards.length === 0)
    throw usageError({ what: "The run has no dataset", where: run, remedy: "Run it to its end first." })
  let schema: Schema | null = null
  const counts = { thinking: 0, nonThinking: 0 }
  for (const { path, sha256: expected } of manifest.shards) {
    const file = join(run, path)
    await expectWritten(file, expected)
    const found = sampleSchema((await openParquet(file)).schema, file)
    if (schema && `${schema}` !== `${found}`)
      throw stopError({
        what: "The files of the dataset have different columns",
        where: file,
        expected: `${schema}`,
        got: `${found}`,
        remedy: "Run the recipe again.",
      })
    schema = found
    for await (const batch of readParquet(file, { columns: ["enable_thinking"] })) {
      const thinks = cellReader(batch.data.children[0]!, "enable_thinking", "row")
      for (let at = 0; at < batch.numRows; at++)
        if (thinks(at) === false) counts.nonThinking++
        else counts.thinking++
    }
  }
  return { run, manifest, manifestSha256: sha256, schema: schema!, counts }
}

/** A row of a dataset, and where it stands in the memory that it was read into. */
export interface SampleRow {
  /** What decides its tokens and how it is counted. */
  readonly row: Row
  readonly from: BatchRow
}

const columnsRead = [...columnsOfF3, "tools", "source", "license", "domain"]

/** The rows of the dataset in order, batch by batch; a row whose text cannot be read comes as the error. */
export async function* samplesOf({
  run,
  manifest,
  schema,
}: RunSamples): AsyncGenerator<Generator<SampleRow | RowError, void, void>> {
  const columns = schema.fields.map(({ name }) => name)
  const wanted = columns.filter((name) => columnsRead.includes(name))
  // A text that cannot be read may stand in any column.
  for (const { path } of manifest.shards)
    for await (const batch of readParquet(join(run, path), { columns }))
      yield rowsOf(batch, hasOnlyTexts(batch) ? wanted : columns)
}

function* rowsOf(batch: RecordBatch, columns: readonly string[]): Generator<SampleRow | RowError, void, void> {
  const read = rowReader(batch, columns)
  for (let index = 0; index < batch.numRows; index++)
    try {
      yield { row: read(index), from: { batch, index } }
    } catch (error) {
      if (!(error instanceof RowError)) throw error
      yield error
    }
}

async function readRunManifest(run: string): Promise<{ manifest: Manifest; sha256: string }> {
  const path = join(run, "manifest.json")
  const bytes = await readFile(path).catch(() => null)
  if (!bytes)
    throw usageError({
      what: "There is no finished run in this folder",
      where: run,
      expected: "a folder with manifest.json, as `cotyledon run` leaves it",
      remedy: "Run the recipe to its end first, or with --finish.",
    })
  let json: unknown
  try {
    json = JSON.parse(bytes.toString("utf8"))
  } catch (error) {
    throw usageError({ what: "The run's manifest is no JSON", where: path, got: (error as Error).message })
  }
  const read = manifestType.safeParse(json)
  if (!read.success) {
    const [issue] = read.error.issues
    throw usageError({
      what: "Not the manifest of a run",
      where: path,
      got: `${issue?.path.join(".") || "it"}: ${issue?.message}`,
      expected: "the manifest of a run of this version of cotyledon",
    })
  }
  return { manifest: read.data, sha256: createHash("sha256").update(bytes).digest("hex") }
}

/** Throws a stopError where a file of a run is not what the run wrote. */
export async function expectWritten(path: string, expected: string): Promise<void> {
  const hash = createHash("sha256")
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
  } catch (error) {
    throw stopError({
      what: "A file of the run cannot be read",
      where: path,
      got: (error as NodeJS.ErrnoException).code ?? (error as Error).message,
      remedy: "Run the recipe again: it writes the file anew.",
    })
  }
  const got = hash.digest("hex")
  if (got !== expected)
    throw stopError({
      what: "A file of the run is not what the run wrote",
      where: path,
      expected: `SHA-256 ${expected}`,
      got,
      remedy: "Remove the file and run the recipe again.",
    })
}

/** The columns of a dataset, those of F3 first, whose types must be right; nulls in them are found row by row. */
function sampleSchema({ fields }: Schema, path: string): Schema {
  const first = columnsOfF3.map((name) => {
    const found = fields.find((field) => field.name === name)
    const expected = sample.schema.fields.find((field) => field.name === name)!
    if (!found || plain(found.type) !== plain(expected.type))
      throw usageError({
        what: found ? `Column ${name} is of another type` : `The dataset has no column ${name}`,
        where: path,
        expected: `${expected.type}`,
        got: found ? `${found.type}` : fields.map(({ name }) => name).join(", "),
        remedy: "Hand off a run whose dataset is samples: cold-start, mode-fusion or distill-off-policy.",
      })
    return expected
  })
  const tools = fields.find(({ name }) => name === "tools")
  if (tools && tools.type.typeId !== Type.Utf8)
    throw usageError({
      what: "Column tools is of another type",
      where: path,
      expected: "text: JSON",
      got: `${tools.type}`,
    })
  return new Schema([...first, ...fields.filter(({ name }) => !columnsOfF3.some((own) => own === name))])
}

/** A type without what may be null in it. */
function plain(type: DataType): string {
  if (type.typeId === Type.List) return `list<${plain((type.children[0] as Field).type)}>`
  if (type.typeId === Type.Struct)
    return `struct<${(type.children as Field[]).map(({ name, type }) => `${name}:${plain(type)}`).join()}>`
  return `${type}`
}
