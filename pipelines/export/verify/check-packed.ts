import type { RecordBatch } from "apache-arrow"
import type { HandoffManifest } from "../../../schemas/handoff-manifest.ts"
import {
  noRows,
  type PackableSample,
  type PackedSamples,
  type PackedTokens,
  SamplePacker,
} from "../../packing/pack-samples.ts"
import { integerListReader } from "../../packing/packed-batch.ts"
import { RowError } from "../../runtime/errors.ts"
import type { Findings } from "./findings.ts"
import { FolderRows } from "./folder-rows.ts"
import { expectCounts, shardsOf } from "./shard-rows.ts"

const columns = ["input_ids", "labels", "seq_lengths"]

/** As `integerListReader`; a RowError too where a column is not there. */
function packedReader(batch: RecordBatch): (index: number) => PackedTokens {
  const found = new Set(batch.schema.fields.map(({ name }) => name))
  const missing = columns.find((name) => !found.has(name))
  if (missing !== undefined) throw new RowError("bad-value", `column ${missing}: expected lists of int32, got none`)
  return integerListReader(batch) as unknown as (index: number) => PackedTokens
}

/** The packed rows: the tokens of the samples, packed again. */
export class PackedCheck {
  readonly #findings: Findings
  readonly #manifest: HandoffManifest
  readonly #packer: SamplePacker
  readonly #rows: FolderRows<PackedTokens>
  readonly #counted = new Map<string, { tokens: number; trained: number }>()
  #follows = true

  constructor(folder: string, manifest: HandoffManifest, findings: Findings) {
    this.#findings = findings
    this.#manifest = manifest
    this.#packer = new SamplePacker({ sequenceLength: manifest.packing.seq_len })
    this.#rows = new FolderRows<PackedTokens>({ folder, manifest, view: "packed" }, findings, {
      read: packedReader,
    })
  }

  /** A sample could not be encoded: what the rows should be is not known any more. */
  lost(): void {
    this.#follows = false
  }

  /** Takes a sample; a promise where it fills rows, which then are compared. */
  next(sample: PackableSample): Promise<void> | undefined {
    if (!this.#follows) return undefined
    const rows = this.#packer.add(sample)
    return rows === noRows ? undefined : this.#compare(rows)
  }

  async #compare(rows: Iterable<PackedSamples>): Promise<void> {
    for (const packed of rows) await this.#row(packed)
  }

  async end(): Promise<void> {
    if (this.#follows) await this.#compare(this.#packer.end())
    for (let row = await this.#rows.next(); row; row = await this.#rows.next()) {
      const { path, number } = this.#rows
      this.#count(path, row)
      if (this.#follows) this.#findings.add(path, "packed", "no sample of sft/ makes this row", `number ${number}`)
      else this.#form(path, number, row)
    }
    for (const shard of shardsOf(this.#manifest, "packed"))
      expectCounts(shard, this.#counted.get(shard.path) ?? { tokens: 0, trained: 0 }, this.#findings)
    const { fill } = this.#manifest.packing
    if (this.#follows && Math.abs(fill - this.#packer.fill) > 1e-9)
      this.#findings.add("manifest.json", "packing.fill", `says ${fill}, the rows make it ${this.#packer.fill}`)
  }

  async #row({ row: expected, ids }: PackedSamples): Promise<void> {
    if (!this.#follows) return
    const row = await this.#rows.next()
    if (!row) {
      this.#findings.add("packed", "packed", `there is no row with the samples ${short(ids)}`)
      this.#follows = false
      return
    }
    const { path, number } = this.#rows
    this.#count(path, row)
    this.#form(path, number, row)
    const fault = this.#difference(expected, row, ids)
    if (fault) this.#findings.add(path, "packed", fault, `number ${number}`)
  }

  #difference(expected: PackedTokens, got: PackedTokens, ids: readonly string[]): string | null {
    if (!same(expected.seq_lengths, got.seq_lengths)) {
      // Which samples share a row hangs on all of them: one that changed its length moves others.
      this.#follows = false
      return `its segments are not the samples ${short(ids)}; from here the rows are not compared with sft/`
    }
    let start = 0
    for (const [at, length] of expected.seq_lengths.entries()) {
      const end = start + length
      for (const [name, what] of [
        ["input_ids", "token ids"],
        ["labels", "labels"],
      ] as const)
        if (!same(expected[name].subarray(start, end), got[name].subarray(start, end)))
          return `the ${what} of sample ${ids[at]} are not those of sft/`
      start = end
    }
    return same(expected.input_ids, got.input_ids) && same(expected.labels, got.labels)
      ? null
      : "its segments do not fill it"
  }

  /** What must hold of any packed row, whatever the samples. */
  #form(path: string, number: number, { input_ids, labels, seq_lengths }: PackedTokens): void {
    const fault = (what: string) => this.#findings.add(path, "packed form", what, `number ${number}`)
    const places = seq_lengths.reduce((sum, length) => sum + length, 0)
    if (places !== input_ids.length || labels.length !== input_ids.length)
      fault(`it has ${input_ids.length} ids, ${labels.length} labels and segments of ${places}`)
    if (input_ids.length > this.#manifest.packing.seq_len)
      fault(`it has ${input_ids.length} tokens, more than ${this.#manifest.packing.seq_len}`)
    const { vocab_size: size } = this.#manifest.tokenizer
    let wrong = 0
    while (wrong < input_ids.length && input_ids[wrong]! >= 0 && input_ids[wrong]! < size) wrong++
    if (wrong < input_ids.length) fault(`token ${wrong} has the id ${input_ids[wrong]}, which the tokenizer lacks`)
    let label = 0
    while (label < labels.length && (labels[label] === -100 || labels[label] === input_ids[label])) label++
    if (label < labels.length) fault(`label ${label} is ${labels[label]}, neither -100 nor its token`)
  }

  async close(): Promise<void> {
    await this.#rows.close()
  }

  #count(path: string, { input_ids, labels }: PackedTokens): void {
    const counted = this.#counted.get(path) ?? { tokens: 0, trained: 0 }
    counted.tokens += input_ids.length
    for (let at = 0; at < labels.length; at++) if (labels[at] !== -100) counted.trained++
    this.#counted.set(path, counted)
  }
}

const same = (a: Int32Array, b: Int32Array): boolean => Buffer.compare(viewOf(a), viewOf(b)) === 0

const viewOf = ({ buffer, byteOffset, byteLength }: Int32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

const short = (ids: readonly string[]): string =>
  ids.length <= 4 ? ids.join(", ") : `${ids.slice(0, 4).join(", ")}, ...`
