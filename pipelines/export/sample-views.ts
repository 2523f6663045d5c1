import type { HandoffShard, Probe } from "../../schemas/handoff-manifest.ts"
import { messagesRow } from "../../schemas/messages-row.ts"
import { packedRow } from "../../schemas/packed.ts"
import { rejectedRow } from "../../schemas/rejected-row.ts"
import { type PackedTokens, SamplePacker } from "../packing/pack-samples.ts"
import { integerListBatch } from "../packing/packed-batch.ts"
import { rowReader } from "../runtime/batch.ts"
import { RowError } from "../runtime/errors.ts"
import type { Row } from "../runtime/step.ts"
import type { Settings } from "./handoff-options.ts"
import { KnownQuestions } from "./known-questions.ts"
import { messagesView } from "./messages-view.ts"
import { cutThinking } from "./over-long.ts"
import { PairCounts } from "./pair-counts.ts"
import { ProbePlan, probeOf } from "./probes.ts"
import { hasRlCandidates } from "./rl-prompts.ts"
import type { RunSamples, SampleRow } from "./run-samples.ts"
import type { Encoded, SampleEncoder } from "./sample-encoder.ts"
import { readSample, type SampleParts, type SoundSample } from "./sample-fault.ts"
import { ShardFolder } from "./shard-folder.ts"
import { TextSet } from "./text-set.ts"
import { TokenFiles } from "./token-files.ts"

/** What one row became. */
interface Fitted {
  readonly sample: SoundSample
  readonly encoded: Encoded
  readonly cut: boolean
}

/** Shards of each view, in order. */
export interface ViewShards {
  readonly sft: HandoffShard[]
  readonly messages: HandoffShard[]
  readonly packed: HandoffShard[]
  readonly tokens: HandoffShard[]
  readonly rejected: HandoffShard[]
}

/** Writes the views of a run's samples, and counts what they are. Every row that is added is written to all of them or rejected. */
export class SampleViews {
  readonly rows = { in: 0, written: 0, cut: 0, rejected: {} as Record<string, number> }
  readonly modes = { thinking: 0, non_thinking: 0 }
  readonly probes: Probe[] = []
  /** Questions that the samples teach; none are kept where no question of the run can become a prompt. */
  readonly known = new KnownQuestions()
  hasTools = false
  readonly #forPrompts: boolean
  readonly #encoder: SampleEncoder
  readonly #settings: Settings
  readonly #sft: ShardFolder
  readonly #messages: ShardFolder
  readonly #packed: ShardFolder
  readonly #tokens: TokenFiles
  readonly #rejected: ShardFolder
  readonly #packer: SamplePacker
  readonly #plan: ProbePlan
  readonly #ids = new TextSet()
  readonly #licenses = new PairCounts<string | null, string>()
  readonly #mixture = new PairCounts<string, string | null>()

  private constructor(
    root: string,
    source: RunSamples,
    encoder: SampleEncoder,
    settings: Settings,
    tokens: TokenFiles,
  ) {
    const { rowsPerFile, sequenceLength } = settings
    this.#forPrompts = hasRlCandidates(source.manifest)
    this.#encoder = encoder
    this.#settings = settings
    this.#sft = new ShardFolder(root, { folder: "sft", name: "train", schema: source.schema }, { rowsPerFile })
    this.#messages = new ShardFolder(
      root,
      { folder: "messages", name: "train", schema: messagesRow.schema },
      { rowsPerFile },
    )
    this.#packed = new ShardFolder(
      root,
      { folder: "packed", name: "train", schema: packedRow.schema },
      {
        rowsPerFile: Math.max(64, Math.floor(placesPerFile / sequenceLength)),
        // The writer takes numbers one by one, each many times its size.
        bytesPerGroup: 4 << 20,
        batch: (rows: readonly Row[]) => integerListBatch(packedRow.schema, rows as PackedTokens[]),
        weightPerBatch: 1 << 20,
      },
    )
    this.#rejected = new ShardFolder(root, { folder: "rejected", name: "rejected", schema: rejectedRow.schema })
    this.#packer = new SamplePacker({ sequenceLength })
    this.#plan = new ProbePlan(source.counts)
    this.#tokens = tokens
  }

  /** Opens the views under a folder. */
  static async create(
    root: string,
    source: RunSamples,
    encoder: SampleEncoder,
    settings: Settings,
  ): Promise<SampleViews> {
    const { endOfDocument } = encoder
    const tokens = await TokenFiles.create(root, "tokens", { endOfDocument, tokenizer: settings.model.repository })
    return new SampleViews(root, source, encoder, settings, tokens)
  }

  /** Takes a row of the run, or the error that reading it met. */
  async add(read: SampleRow | RowError): Promise<void> {
    this.rows.in++
    if (read instanceof RowError) return this.#reject("", "unreadable-text", { detail: read.message })
    const { row } = read
    this.#plan.read(row.enable_thinking !== false)
    const sound = readSample(row as unknown as SampleParts)
    const id = typeof row.id === "string" ? row.id : ""
    if ("fault" in sound) return this.#reject(id, sound.fault.reason, { detail: sound.fault.detail })
    if (this.#ids.has(id)) return this.#reject(id, "repeated-id")
    const fitted = this.#fit(sound.sample)
    if ("refused" in fitted) return this.#reject(id, fitted.refused, fitted)
    this.#ids.add(id)
    await this.#write(read, fitted)
  }

  /** Encodes a sample, and cuts it where it is too long and that is asked for. */
  #fit(sample: SoundSample): Fitted | { refused: string; measured?: number; threshold?: number; detail?: string } {
    const { maxLength, overLong } = this.#settings
    const lengthOf = (of: SoundSample) => this.#encoder.encode(of).inputIds.length
    try {
      const encoded = this.#encoder.encode(sample)
      const measured = encoded.inputIds.length
      if (measured <= maxLength) return { sample, encoded, cut: false }
      const cut = overLong === "cut" ? cutThinking(sample, maxLength, this.#encoder.tokenizer, lengthOf) : null
      if (cut) return { sample: cut, encoded: this.#encoder.encode(cut), cut: true }
      return { refused: "over-long", measured, threshold: maxLength }
    } catch (error) {
      if (!(error instanceof RowError)) throw error
      return { refused: error.reason, detail: error.message }
    }
  }

  async #write({ row, from }: SampleRow, { sample, encoded, cut }: Fitted): Promise<void> {
    const { id, enable_thinking, prompt, completion, tools } = sample
    const { inputIds, labels, trainedTokens } = encoded
    const counts = { tokens: inputIds.length, trainedTokens, weight: 4 * inputIds.length }
    const path = this.#sft.pathOfNext
    // A trainer that splits at the prompt must have the empty block behind it where it bears loss.
    const asksForThinking = this.#settings.emptyThinkLoss && !enable_thinking
    if (cut || asksForThinking) {
      const other = asksForThinking ? { chat_template_kwargs: { enable_thinking: true } } : {}
      await this.#sft.add({ ...rowReader(from.batch)(from.index), completion, ...other }, counts)
    } else await this.#sft.addFrom(from, counts)
    const messages = messagesView({ prompt, completion, tools }, this.#encoder.systemWithTools)
    await this.#messages.add({ id, messages, enable_thinking }, counts)
    await this.#tokens.add({ id, inputIds, labels, source: path.file, row: path.row })
    for (const { row: packed } of this.#packer.add({ id, inputIds, labels })) await this.#writePacked(packed)
    if (this.#plan.wants(enable_thinking)) this.probes.push(probeOf(id, encoded))
    this.rows.written++
    if (cut) this.rows.cut++
    if (enable_thinking) this.modes.thinking++
    else this.modes.non_thinking++
    this.hasTools ||= tools !== null
    if (this.#forPrompts) this.known.add(prompt.findLast(({ role }) => role === "user")?.content ?? "")
    const source = typeof row.source === "string" ? row.source : "unknown"
    this.#licenses.add(typeof row.license === "string" ? row.license : null, source)
    this.#mixture.add(source, typeof row.domain === "string" ? row.domain : null)
  }

  async #writePacked(packed: PackedTokens): Promise<void> {
    const { input_ids, labels } = packed
    let trainedTokens = 0
    for (let at = 0; at < labels.length; at++) if (labels[at] !== -100) trainedTokens++
    const counts = { tokens: input_ids.length, trainedTokens, weight: 2 * input_ids.length }
    await this.#packed.add(packed as unknown as Row, counts)
  }

  async #reject(
    id: string,
    reason: string,
    {
      measured = null,
      threshold = null,
      detail = null,
    }: { measured?: number | null; threshold?: number | null; detail?: string | null } = {},
  ): Promise<void> {
    this.rows.rejected[reason] = (this.rows.rejected[reason] ?? 0) + 1
    const row = { id, reason, measured, threshold, detail: detail?.slice(0, 400).toWellFormed() ?? null }
    await this.#rejected.add(row, { tokens: 0, trainedTokens: 0, weight: 500 })
  }

  /** Ends the views; call once, after the last row. */
  async close(): Promise<ViewShards> {
    for (const { row } of this.#packer.end()) await this.#writePacked(row)
    return {
      sft: await this.#sft.close(),
      messages: await this.#messages.close(),
      packed: await this.#packed.close(),
      tokens: await this.#tokens.close(),
      rejected: await this.#rejected.close(),
    }
  }

  async abort(): Promise<void> {
    for (const folder of [this.#sft, this.#messages, this.#packed, this.#rejected]) await folder.abort()
    await this.#tokens.abort()
  }

  /** How full the packed rows are so far, 0..1. */
  get fill(): number {
    return this.#packer.fill
  }

  /** Written rows by licence and source, and by source and domain, in the order of their JSON. */
  get licenses() {
    return this.#licenses.list((license, source) => ({ license, source }))
  }

  get mixture() {
    return this.#mixture.list((source, domain) => ({ source, domain }))
  }
}

/** Places of the packed rows of one file. */
const placesPerFile = 64 << 20
