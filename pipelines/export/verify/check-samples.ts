// Every sample of a handoff, and every view of it, in one pass: from the rows of sft/ follow the messages, the tokens, the packed rows, the
// token stream and the counts of the manifest. What does not follow is a finding, at the row where it begins.
import type { FileHandle } from "node:fs/promises"
import { open, readFile } from "node:fs/promises"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import type { HandoffManifest, HandoffShard, Probe } from "../../../schemas/handoff-manifest.ts"
import type { MessagesRow } from "../../../schemas/messages-row.ts"
import { canonicalPacked } from "../../packing/canonical-packed.ts"
import { type PackedSamples, type PackedTokens, SamplePacker } from "../../packing/pack-samples.ts"
import { integerListReader } from "../../packing/packed-batch.ts"
import { RowError } from "../../runtime/errors.ts"
import { canonicalRowJson } from "../../runtime/row-json.ts"
import type { Row } from "../../runtime/step.ts"
import { int32Bytes } from "../int32-bytes.ts"
import { messagesView } from "../messages-view.ts"
import { probeOf } from "../probes.ts"
import { KnownQuestions } from "../rl-prompts.ts"
import type { Encoded, SampleEncoder } from "../sample-encoder.ts"
import { readSample, type SampleParts, type SoundSample } from "../sample-fault.ts"
import { streamOf, TokenIndexes } from "../token-files.ts"
import type { Findings } from "./findings.ts"
import { messageOf, shardRows } from "./shard-rows.ts"

/** What the samples say that other checks need. */
export interface SamplesSeen {
  readonly ids: ReadonlySet<string>
  readonly questionIds: ReadonlySet<string>
  readonly questions: KnownQuestions
  readonly rows: number
  readonly tokens: number
}

/** Reads all samples; `onRow` hears of each. */
export async function checkSamples(
  folder: string,
  manifest: HandoffManifest,
  { encoder, findings, onRow }: { encoder: SampleEncoder; findings: Findings; onRow?: (() => void) | undefined },
): Promise<SamplesSeen> {
  const check = new SamplesCheck(folder, manifest, encoder, findings)
  try {
    for (const shard of manifest.shards.filter(({ path }) => path.startsWith("sft/"))) await check.shard(shard, onRow)
    await check.end()
  } finally {
    await check.close()
  }
  return check
}

class SamplesCheck implements SamplesSeen {
  readonly ids = new Set<string>()
  readonly questionIds = new Set<string>()
  readonly questions = new KnownQuestions()
  rows = 0
  tokens = 0
  readonly #folder: string
  readonly #manifest: HandoffManifest
  readonly #encoder: SampleEncoder
  readonly #findings: Findings
  readonly #messages: MessagesCheck
  readonly #packed: PackedCheck
  readonly #stream: StreamCheck
  readonly #probes: Map<string, Probe>
  readonly #modes = { thinking: 0, non_thinking: 0 }
  readonly #licenses = new Map<string, number>()
  readonly #mixture = new Map<string, number>()

  constructor(folder: string, manifest: HandoffManifest, encoder: SampleEncoder, findings: Findings) {
    this.#folder = folder
    this.#manifest = manifest
    this.#encoder = encoder
    this.#findings = findings
    this.#messages = new MessagesCheck(folder, manifest, encoder, findings)
    this.#packed = new PackedCheck(folder, manifest, findings)
    this.#stream = new StreamCheck(folder, manifest, encoder.endOfDocument, findings)
    this.#probes = new Map(manifest.probes.map((probe) => [probe.row_id, probe]))
  }

  async shard(shard: HandoffShard, onRow?: () => void): Promise<void> {
    const counted = { tokens: 0, trained: 0 }
    let number = 0
    for await (const row of shardRows(this.#folder, shard, this.#findings)) {
      await this.#row(shard.path, number++, row, counted)
      onRow?.()
    }
    expectCounts(shard, counted, this.#findings)
  }

  async #row(path: string, number: number, row: Row, counted: { tokens: number; trained: number }): Promise<void> {
    this.rows++
    const id = typeof row.id === "string" ? row.id : `number ${number}`
    const fault = (check: string, what: string) => this.#findings.add(path, check, what, id)
    if (this.ids.has(id)) fault("id", "its id stands twice")
    this.ids.add(id)
    if (typeof row.question_id === "string") this.questionIds.add(row.question_id)
    const encoded = this.#encoded(row, fault)
    await this.#messages.next(path, id, encoded?.sample ?? null)
    if (!encoded) {
      this.#packed.lost()
      this.#stream.lost()
      return
    }
    const { sample, inputIds, labels, trainedTokens } = encoded
    if (inputIds.length > this.#manifest.max_length)
      fault("max_length", `it has ${inputIds.length} tokens, more than ${this.#manifest.max_length}`)
    const probe = this.#probes.get(id)
    if (probe) {
      this.#probes.delete(id)
      for (const what of probeFaults(probe, encoded)) fault("probe", what)
    }
    this.questions.add(sample.prompt.findLast(({ role }) => role === "user")?.content ?? "")
    counted.tokens += inputIds.length
    counted.trained += trainedTokens
    this.tokens += inputIds.length
    if (sample.enable_thinking) this.#modes.thinking++
    else this.#modes.non_thinking++
    const source = typeof row.source === "string" ? row.source : "unknown"
    count(this.#licenses, { license: typeof row.license === "string" ? row.license : null, source })
    count(this.#mixture, { source, domain: typeof row.domain === "string" ? row.domain : null })
    await this.#packed.next({ id, inputIds, labels })
    await this.#stream.next({ id, inputIds, labels, source: path, row: number })
  }

  #encoded(row: Row, fault: (check: string, what: string) => void): (Encoded & { sample: SoundSample }) | null {
    const read = readSample(row as unknown as SampleParts)
    if ("fault" in read) {
      fault("sample", `${read.fault.reason}${read.fault.detail === null ? "" : `: ${read.fault.detail}`}`)
      return null
    }
    try {
      return { ...this.#encoder.encode(read.sample), sample: read.sample }
    } catch (error) {
      if (!(error instanceof RowError)) throw error
      fault("sample", `${error.reason}: ${error.message}`)
      return null
    }
  }

  async end(): Promise<void> {
    await this.#messages.end()
    await this.#packed.end()
    await this.#stream.end()
    const findings = this.#findings
    const { rows, template, license, mixture } = this.#manifest
    const expect = (check: string, expected: unknown, got: unknown) => {
      const [left, right] = [canonicalRowJson(expected), canonicalRowJson(got)]
      if (left !== right) findings.add("manifest.json", check, `says ${check} ${left}, the samples make it ${right}`)
    }
    for (const id of this.#probes.keys()) findings.add("sft", "probe", "it has a probe and is not there", id)
    const expectedProbes = Math.min(64, this.rows)
    if (this.#manifest.probes.length < expectedProbes)
      findings.add("manifest.json", "probes", `has ${this.#manifest.probes.length} probes, expected ${expectedProbes}`)
    expect("rows.written", rows.written, this.rows)
    expect("mode_counts", template.mode_counts, this.#modes)
    expect("license", license, countsOf(this.#licenses))
    expect(
      "mixture",
      mixture.map(({ source, domain, rows }) => ({ source, domain, rows })),
      countsOf(this.#mixture),
    )
    for (const { source, rows: of, weight } of mixture)
      if (Math.abs(weight - of / Math.max(1, rows.written)) > 1e-9)
        findings.add(
          "manifest.json",
          "mixture",
          `gives ${source} the weight ${weight}, its rows are ${of} of ${rows.written}`,
        )
  }

  async close(): Promise<void> {
    await this.#stream.close()
  }
}

function* probeFaults(probe: Probe, encoded: Encoded): Generator<string> {
  const got = probeOf(probe.row_id, encoded)
  if (got.input_ids_sha256 !== probe.input_ids_sha256) yield "its token ids are not those of the probe"
  if (got.labels_sha256 !== probe.labels_sha256) yield "its labels are not those of the probe"
  if (got.trained_tokens !== probe.trained_tokens)
    yield `${got.trained_tokens} of its tokens bear loss, the probe says ${probe.trained_tokens}`
}

function count(counts: Map<string, number>, of: object): void {
  const key = canonicalRowJson(of)
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

const countsOf = (counts: ReadonlyMap<string, number>): object[] =>
  [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, rows]) => ({ ...(JSON.parse(key) as object), rows }))

function expectCounts(shard: HandoffShard, got: { tokens: number; trained: number }, findings: Findings): void {
  if (shard.tokens !== got.tokens)
    findings.add(shard.path, "tokens", `the manifest says ${shard.tokens} tokens, its rows have ${got.tokens}`)
  if (shard.trained_tokens !== got.trained)
    findings.add(
      shard.path,
      "trained_tokens",
      `the manifest says that ${shard.trained_tokens} tokens bear loss, its rows have ${got.trained}`,
    )
}

/** Rows of one folder of shards, one after the other. */
async function* folderRows<R>(
  shards: readonly HandoffShard[],
  rows: (shard: HandoffShard) => AsyncGenerator<R, void, void>,
): AsyncGenerator<{ path: string; number: number; row: R }, void, void> {
  for (const shard of shards) {
    let number = 0
    for await (const row of rows(shard)) yield { path: shard.path, number: number++, row }
  }
}

const shardsOf = ({ shards }: HandoffManifest, folder: string): HandoffShard[] =>
  shards.filter(({ path }) => path.startsWith(`${folder}/`))

/** The messages view: the same samples in the same order. */
class MessagesCheck {
  readonly #encoder: SampleEncoder
  readonly #findings: Findings
  readonly #rows: AsyncGenerator<{ path: string; number: number; row: MessagesRow }, void, void>
  /** Ids of both sides from where they part. */
  #parted: { at: string; path: string; samples: string[]; view: string[] } | null = null

  constructor(folder: string, manifest: HandoffManifest, encoder: SampleEncoder, findings: Findings) {
    this.#encoder = encoder
    this.#findings = findings
    this.#rows = folderRows(shardsOf(manifest, "messages"), (shard) => shardRows<MessagesRow>(folder, shard, findings))
  }

  async next(samplePath: string, id: string, sample: SoundSample | null): Promise<void> {
    if (this.#parted) {
      this.#parted.samples.push(id)
      return
    }
    const next = await this.#rows.next()
    const found = next.done ? null : next.value
    if (!found || found.row.id !== id) {
      this.#parted = { at: id, path: samplePath, samples: [id], view: found ? [String(found.row.id)] : [] }
      return
    }
    if (!sample) return
    const { row, path } = found
    const expected = messagesView(sample, this.#encoder.systemWithTools)
    if (row.enable_thinking !== sample.enable_thinking)
      this.#findings.add(path, "messages", "its mode is not that of the sample in sft/", id)
    const turn = differingTurn(expected, row.messages)
    if (turn !== null) this.#findings.add(path, "messages", `turn ${turn} is not that of the sample in sft/`, id)
  }

  async end(): Promise<void> {
    const rest: string[] = []
    let path = "messages"
    for await (const { row, path: at } of this.#rows) {
      rest.push(String(row.id))
      path = at
    }
    if (!this.#parted) {
      for (const id of rest) this.#findings.add(path, "messages", "there is no such sample in sft/", id)
      return
    }
    const { at, samples } = this.#parted
    const view = [...this.#parted.view, ...rest]
    const [inSamples, inView] = [new Set(samples), new Set(view)]
    const [onlySamples, onlyView] = [samples.filter((id) => !inView.has(id)), view.filter((id) => !inSamples.has(id))]
    for (const id of onlySamples) this.#findings.add(this.#parted.path, "messages", "messages/ has no such row", id)
    for (const id of onlyView) this.#findings.add(path, "messages", "sft/ has no such row", id)
    if (onlySamples.length + onlyView.length === 0)
      this.#findings.add(this.#parted.path, "messages", "from here the rows of messages/ stand in another order", at)
  }
}

function differingTurn(expected: readonly { role: string; content: string }[], got: unknown): number | null {
  const turns = Array.isArray(got) ? (got as ({ role?: unknown; content?: unknown } | null)[]) : []
  for (let at = 0; at < Math.max(expected.length, turns.length); at++)
    if (expected[at]?.role !== turns[at]?.role || expected[at]?.content !== turns[at]?.content) return at + 1
  return null
}

/** The packed rows: the tokens of the samples, packed again. */
class PackedCheck {
  readonly #findings: Findings
  readonly #manifest: HandoffManifest
  readonly #packer: SamplePacker
  readonly #rows: AsyncGenerator<{ path: string; number: number; row: PackedTokens }, void, void>
  readonly #counted = new Map<string, { tokens: number; trained: number }>()
  #follows = true

  constructor(folder: string, manifest: HandoffManifest, findings: Findings) {
    this.#findings = findings
    this.#manifest = manifest
    this.#packer = new SamplePacker({ sequenceLength: manifest.packing.seq_len })
    this.#rows = folderRows(shardsOf(manifest, "packed"), (shard) =>
      shardRows<PackedTokens>(folder, shard, findings, {
        read: integerListReader as never,
        canonical: canonicalPacked,
      }),
    )
  }

  /** A sample could not be encoded: what the rows should be is not known any more. */
  lost(): void {
    this.#follows = false
  }

  async next(sample: { id: string; inputIds: Int32Array; labels: Int32Array }): Promise<void> {
    if (!this.#follows) return
    for (const packed of this.#packer.add(sample)) await this.#row(packed)
  }

  async end(): Promise<void> {
    if (this.#follows) for (const packed of this.#packer.end()) await this.#row(packed)
    for await (const { path, number, row } of this.#rows) {
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
    const next = await this.#rows.next()
    if (next.done) {
      this.#findings.add("packed", "packed", `there is no row with the samples ${short(ids)}`)
      this.#follows = false
      return
    }
    const { path, number, row } = next.value
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
    const wrong = input_ids.findIndex((id) => id < 0 || id >= this.#manifest.tokenizer.vocab_size)
    if (wrong >= 0) fault(`token ${wrong} has the id ${input_ids[wrong]}, which the tokenizer lacks`)
    const label = labels.findIndex((of, at) => of !== -100 && of !== input_ids[at])
    if (label >= 0) fault(`label ${label} is ${labels[label]}, neither -100 nor its token`)
  }

  #count(path: string, { input_ids, labels }: PackedTokens): void {
    const counted = this.#counted.get(path) ?? { tokens: 0, trained: 0 }
    counted.tokens += input_ids.length
    for (const label of labels) if (label !== -100) counted.trained++
    this.#counted.set(path, counted)
  }
}

const same = (a: Int32Array, b: Int32Array): boolean => Buffer.compare(viewOf(a), viewOf(b)) === 0

const viewOf = ({ buffer, byteOffset, byteLength }: Int32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

const short = (ids: readonly string[]): string =>
  ids.length <= 4 ? ids.join(", ") : `${ids.slice(0, 4).join(", ")}, ...`

/** The token stream and what stands beside it. */
class StreamCheck {
  readonly #folder: string
  readonly #manifest: HandoffManifest
  readonly #endOfDocument: number
  readonly #findings: Findings
  readonly #indexes = new TokenIndexes()
  #files: { ids: SequentialFile; mask: SequentialFile } | null = null
  #follows: boolean
  #trained = 0

  constructor(folder: string, manifest: HandoffManifest, endOfDocument: number, findings: Findings) {
    this.#folder = folder
    this.#manifest = manifest
    this.#endOfDocument = endOfDocument
    this.#findings = findings
    this.#follows = shardsOf(manifest, "tokens").length > 0
  }

  lost(): void {
    this.#follows = false
  }

  async next(sample: {
    id: string
    inputIds: Int32Array
    labels: Int32Array
    source: string
    row: number
  }): Promise<void> {
    if (!this.#follows) return
    this.#files ??= {
      ids: new SequentialFile(join(this.#folder, "tokens/train.bin")),
      mask: new SequentialFile(join(this.#folder, "tokens/train.ds.loss")),
    }
    const { ids, mask } = streamOf(sample, this.#endOfDocument)
    this.#indexes.add({ id: sample.id, length: ids.length, source: sample.source, row: sample.row })
    for (const bears of mask) this.#trained += bears
    const document = `document ${this.#indexes.documents - 1}, sample ${sample.id}`
    if (!(await this.#files.ids.nextIs(int32Bytes(ids))))
      this.#findings.add("tokens/train.bin", "stream", "its token ids are not those of sft/", document)
    if (!(await this.#files.mask.nextIs(mask)))
      this.#findings.add("tokens/train.ds.loss", "stream", "its loss is not that of sft/", document)
  }

  async end(): Promise<void> {
    if (!this.#follows) return
    const fault = (file: string, what: string) => this.#findings.add(file, "stream", what)
    if (this.#files && !(await this.#files.ids.atEnd())) fault("tokens/train.bin", "it goes on behind the last sample")
    if (this.#files && !(await this.#files.mask.atEnd()))
      fault("tokens/train.ds.loss", "it goes on behind the last sample")
    await this.#beside("tokens/train.idx", this.#indexes.megatron())
    await this.#beside("tokens/train.ds.index", this.#indexes.ends())
    await this.#beside("tokens/train.ds.metadata", Buffer.from(this.#indexes.metadata(this.#manifest.model)))
    await this.#beside("tokens/token_ids_part_0000.csv.gz", Buffer.from(this.#indexes.table()), (bytes) =>
      gunzipSync(bytes),
    )
    const byPath = new Map(shardsOf(this.#manifest, "tokens").map((shard) => [shard.path, shard]))
    for (const [path, of] of [
      ["tokens/train.ds", "tokens/train.bin"],
      ["tokens/token_ids_part_0000.npy", "tokens/train.bin"],
      ["tokens/labels_mask_part_0000.npy", "tokens/train.ds.loss"],
    ] as const)
      if (byPath.get(path)?.sha256 !== byPath.get(of)?.sha256)
        fault(path, `the manifest gives it other bytes than ${of}`)
    for (const shard of byPath.values()) {
      if (shard.logical_sha256 !== shard.sha256) fault(shard.path, "the manifest gives it two hashes")
      if (shard.rows !== this.#indexes.documents)
        fault(shard.path, `the manifest says ${shard.rows} documents, the samples make ${this.#indexes.documents}`)
    }
    const stream = byPath.get("tokens/train.bin")
    if (stream) expectCounts(stream, { tokens: this.#indexes.tokens, trained: this.#trained }, this.#findings)
  }

  async #beside(path: string, expected: Buffer, decode = (bytes: Buffer) => bytes): Promise<void> {
    try {
      const got = decode(await readFile(join(this.#folder, path)))
      if (!got.equals(expected)) this.#findings.add(path, "stream", differenceOf(path, expected, got))
    } catch (error) {
      this.#findings.add(path, "stream", messageOf(error))
    }
  }

  async close(): Promise<void> {
    await this.#files?.ids.close()
    await this.#files?.mask.close()
  }
}

function differenceOf(path: string, expected: Buffer, got: Buffer): string {
  if (expected.length !== got.length) return `expected ${expected.length} bytes, got ${got.length}`
  const at = expected.findIndex((byte, index) => byte !== got[index])
  const document = path.endsWith(".ds.index") ? `, document ${Math.floor(at / 8)}` : ""
  return `it does not follow from the samples, from byte ${at}${document}`
}

/** A file that is compared with what it should hold, piece by piece. */
class SequentialFile {
  readonly #path: string
  #file: FileHandle | null = null
  #at = 0

  constructor(path: string) {
    this.#path = path
  }

  /** Whether the next bytes are these; goes on behind them in either case. */
  async nextIs(expected: Buffer): Promise<boolean> {
    try {
      this.#file ??= await open(this.#path, "r")
      const got = Buffer.allocUnsafe(expected.length)
      const { bytesRead } = await this.#file.read(got, 0, got.length, this.#at)
      this.#at += expected.length
      return bytesRead === expected.length && got.equals(expected)
    } catch {
      return false
    }
  }

  async atEnd(): Promise<boolean> {
    return this.#file === null || (await this.#file.stat()).size <= this.#at
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = null
  }
}
