// A handoff: what GPU trainers load, with a manifest that proves what it is. One pass over the run's samples makes every view of them.
import { createHash } from "node:crypto"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { verifierVersions } from "../../annotators/verify-answer.ts"
import {
  type HandoffFile,
  type HandoffManifest,
  type HandoffShard,
  handoffManifest,
  type Probe,
} from "../../schemas/handoff-manifest.ts"
import { messagesRow } from "../../schemas/messages-row.ts"
import { packedRow } from "../../schemas/packed.ts"
import { rejectedRow } from "../../schemas/rejected-row.ts"
import { rlPrompt } from "../../schemas/rl-prompt.ts"
import { canonicalPacked } from "../packing/canonical-packed.ts"
import { type PackedTokens, SamplePacker } from "../packing/pack-samples.ts"
import { integerListBatch } from "../packing/packed-batch.ts"
import { RowError, stopError, usageError } from "../runtime/errors.ts"
import { digestOf } from "../runtime/fingerprint.ts"
import { canonicalRowJson } from "../runtime/row-json.ts"
import type { Row } from "../runtime/step.ts"
import { version } from "../runtime/version.ts"
import { type CardFacts, datasetCard } from "./dataset-card.ts"
import { type FamilyModel, family, familyModel } from "./family.ts"
import { launchConfigs } from "./launch/all.ts"
import { datasetInfo } from "./launch/llamafactory.ts"
import { messagesView } from "./messages-view.ts"
import { cutThinking } from "./over-long.ts"
import { ProbePlan, probeOf } from "./probes.ts"
import { addReserve, hasRlCandidates, KnownQuestions, rlCandidates } from "./rl-prompts.ts"
import { openRunSamples, type RunSamples, samplesOf } from "./run-samples.ts"
import { openSampleEncoder, type SampleEncoder } from "./sample-encoder.ts"
import { readSample, type SampleParts, type SoundSample } from "./sample-fault.ts"
import { ShardFolder } from "./shard-folder.ts"
import { trainingOf } from "./stage-training.ts"
import { TokenFiles } from "./token-files.ts"
import { WholeFolder } from "./whole-folder.ts"

export interface HandoffOptions {
  /** Folder of a finished run whose dataset is samples. */
  readonly run: string
  /** The handoff becomes `to/<sha256 of its manifest>`. */
  readonly to: string
  /** A model of the family; default `8B`. */
  readonly model?: string | undefined
  /** Most tokens of a sample; default 32,768. */
  readonly maxLength?: number | undefined
  /** What becomes of longer ones; default `drop`. */
  readonly overLong?: "drop" | "cut" | undefined
  /** Places of a packed row, at least `maxLength`; default `maxLength`. */
  readonly sequenceLength?: number | undefined
  /** `qwen3`, or the path of a tokenizer.json. */
  readonly tokenizer?: string | undefined
  /** `qwen3`, or the path of a Jinja template. */
  readonly template?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Hears how many samples were read, now and then. */
  readonly onProgress?: ((read: number) => void) | undefined
}

export interface HandoffResult {
  /** Where the handoff stands. */
  readonly path: string
  readonly sha256: string
  /** True when the same handoff was there already. */
  readonly stood: boolean
  readonly manifest: HandoffManifest
}

interface Settings {
  model: FamilyModel
  maxLength: number
  overLong: "drop" | "cut"
  sequenceLength: number
}

/**
 * Writes a handoff, whole or not at all. Same run, same options: same bytes, same name. Rejects with a usageError for options or a run that
 * cannot be handed off, with a stopError for what goes wrong with files or where no sample is left; then nothing is left behind.
 */
export async function writeHandoff(options: HandoffOptions): Promise<HandoffResult> {
  const settings = readSettings(options)
  const encoder = await openSampleEncoder(options)
  const source = await openRunSamples(options.run)
  const folder = await WholeFolder.create(options.to)
  const writer = new HandoffWriter(folder, source, encoder, settings)
  try {
    await writer.samples(options)
    await writer.prompts(options)
    const { manifest, text } = await writer.finish()
    const published = await folder.publish(text)
    return { ...published, manifest }
  } catch (error) {
    await writer.abort()
    await folder.remove()
    throw error
  }
}

function readSettings({
  model = "8B",
  maxLength = 32_768,
  overLong = "drop",
  sequenceLength,
}: HandoffOptions): Settings {
  const found = familyModel(model)
  if (!found)
    throw usageError({
      what: "There is no such model in the family",
      expected: `one of ${family.map(({ name }) => name).join(", ")}`,
      got: model,
    })
  const whole = (name: string, value: number, least: number) => {
    if (!Number.isSafeInteger(value) || value < least || value > found.context)
      throw usageError({
        what: `Cannot take ${name}`,
        expected: `a whole number of tokens from ${least} to ${found.context}, the context of ${found.name}`,
        got: `${value}`,
      })
    return value
  }
  whole("--max-length", maxLength, 16)
  if (overLong !== "drop" && overLong !== "cut")
    throw usageError({ what: "Cannot read --over-long", expected: "drop or cut", got: String(overLong) })
  const places = whole("--sequence-length", sequenceLength ?? maxLength, 16)
  if (places < maxLength)
    throw usageError({
      what: "A packed row must hold the longest sample",
      expected: `--sequence-length of at least ${maxLength} (--max-length)`,
      got: `${places}`,
    })
  return { model: found, maxLength, overLong, sequenceLength: places }
}

const progressRows = 1_000

class HandoffWriter {
  readonly #folder: WholeFolder
  readonly #source: RunSamples
  readonly #encoder: SampleEncoder
  readonly #settings: Settings
  readonly #sft: ShardFolder
  readonly #messages: ShardFolder
  readonly #packed: ShardFolder
  readonly #rejected: ShardFolder
  readonly #rl: ShardFolder
  readonly #packer: SamplePacker
  readonly #plan: ProbePlan
  readonly #ids = new Set<string>()
  readonly #known = new KnownQuestions()
  readonly #rows = { in: 0, written: 0, cut: 0, rejected: {} as Record<string, number> }
  #rlRows: HandoffManifest["rl_rows"] = null
  readonly #modes = { thinking: 0, non_thinking: 0 }
  readonly #licenses = new Map<string, { license: string | null; source: string; rows: number }>()
  readonly #mixture = new Map<string, { source: string; domain: string | null; rows: number }>()
  readonly #verifiers = new Set<string>()
  readonly #probes: Probe[] = []
  #tokens: TokenFiles | null = null
  #hasTools = false

  constructor(folder: WholeFolder, source: RunSamples, encoder: SampleEncoder, settings: Settings) {
    this.#folder = folder
    this.#source = source
    this.#encoder = encoder
    this.#settings = settings
    const { path } = folder
    this.#sft = new ShardFolder(path, { folder: "sft", name: "train", schema: source.schema })
    this.#messages = new ShardFolder(path, { folder: "messages", name: "train", schema: messagesRow.schema })
    this.#packed = new ShardFolder(
      path,
      { folder: "packed", name: "train", schema: packedRow.schema },
      {
        rowsPerFile: Math.max(64, Math.floor((64 << 20) / settings.sequenceLength)),
        rowsPerGroup: 256,
        batch: (rows: readonly Row[]) => integerListBatch(packedRow.schema, rows as PackedTokens[]),
        weightPerBatch: 1 << 20,
      },
    )
    this.#rejected = new ShardFolder(path, { folder: "rejected", name: "rejected", schema: rejectedRow.schema })
    this.#rl = new ShardFolder(path, { folder: "rl", name: "train", schema: rlPrompt.schema })
    this.#packer = new SamplePacker({ sequenceLength: settings.sequenceLength })
    this.#plan = new ProbePlan(source.counts)
  }

  /** Reads all samples of the run; each is written to every view, or rejected. */
  async samples({ signal, onProgress, run }: HandoffOptions): Promise<void> {
    const { model } = this.#settings
    const { endOfDocument } = this.#encoder
    this.#tokens = await TokenFiles.create(this.#folder.path, "tokens", { endOfDocument, tokenizer: model.repository })
    for await (const row of samplesOf(this.#source)) {
      signal?.throwIfAborted()
      this.#rows.in++
      await this.#sample(row)
      if (this.#rows.in % progressRows === 0) onProgress?.(this.#rows.in)
    }
    for (const { row } of this.#packer.end()) await this.#writePacked(row)
    if (this.#rows.written === 0)
      throw stopError({
        what: "No sample is left to hand off",
        where: run,
        got: this.#rows.in === 0 ? "an empty dataset" : reasonsIn(this.#rows.rejected),
        remedy: "Look at what the run kept (cotyledon inspect RUN) and at --max-length.",
      })
  }

  async #sample(row: Row | RowError): Promise<void> {
    if (row instanceof RowError) return this.#reject("", "unreadable-text", { detail: row.message })
    this.#plan.read(row.enable_thinking !== false)
    const read = readSample(row as unknown as SampleParts)
    const id = typeof row.id === "string" ? row.id : ""
    if ("fault" in read) return this.#reject(id, read.fault.reason, { detail: read.fault.detail })
    if (this.#ids.has(id)) return this.#reject(id, "repeated-id")
    const fitted = this.#fit(read.sample)
    if ("refused" in fitted) return this.#reject(id, fitted.refused, fitted)
    this.#ids.add(id)
    await this.#write(row, fitted)
  }

  /** Encodes a sample, and cuts it where it is too long and that is asked for. */
  #fit(sample: SoundSample) {
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

  async #write(
    row: Row,
    { sample, encoded, cut }: { sample: SoundSample; encoded: ReturnType<SampleEncoder["encode"]>; cut: boolean },
  ): Promise<void> {
    const { id, enable_thinking, prompt, completion, tools } = sample
    const { inputIds, labels, trainedTokens } = encoded
    const written: Row = cut ? { ...row, completion } : row
    const counts = { tokens: inputIds.length, trainedTokens, weight: 4 * inputIds.length }
    const path = this.#sft.pathOfNext
    await this.#sft.add(written, counts)
    const messages = messagesView({ prompt, completion, tools }, this.#encoder.systemWithTools)
    await this.#messages.add({ id, messages, enable_thinking }, counts)
    await this.#tokens!.add({ id, inputIds, labels, source: path.file, row: path.row })
    for (const { row: packed } of this.#packer.add({ id, inputIds, labels })) await this.#writePacked(packed)
    if (this.#plan.wants(enable_thinking)) this.#probes.push(probeOf(id, encoded))
    this.#rows.written++
    if (cut) this.#rows.cut++
    if (enable_thinking) this.#modes.thinking++
    else this.#modes.non_thinking++
    this.#hasTools ||= tools !== null
    this.#known.add(prompt.findLast(({ role }) => role === "user")?.content ?? "")
    const source = typeof row.source === "string" ? row.source : "unknown"
    countIn(this.#licenses, { license: typeof row.license === "string" ? row.license : null, source })
    countIn(this.#mixture, { source, domain: typeof row.domain === "string" ? row.domain : null })
  }

  async #writePacked(packed: PackedTokens): Promise<void> {
    const { input_ids, labels } = packed
    let trainedTokens = 0
    for (const label of labels) if (label !== -100) trainedTokens++
    const counts = { tokens: input_ids.length, trainedTokens, weight: 2 * input_ids.length }
    await this.#packed.add(packed as unknown as Row, counts, canonicalPacked(packed))
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
    this.#rows.rejected[reason] = (this.#rows.rejected[reason] ?? 0) + 1
    const row = { id, reason, measured, threshold, detail: detail?.slice(0, 400).toWellFormed() ?? null }
    await this.#rejected.add(row, { tokens: 0, trainedTokens: 0, weight: 500 })
  }

  /** Writes the prompts for RL, where the run drafted questions that it did not take. */
  async prompts({ signal }: HandoffOptions): Promise<void> {
    const { run, manifest } = this.#source
    if (!hasRlCandidates(manifest)) return
    const counted = { in: 0, written: 0, rejected: {} as Record<string, number> }
    await addReserve(run, manifest, this.#known)
    for await (const candidate of rlCandidates(run, manifest, this.#known)) {
      signal?.throwIfAborted()
      counted.in++
      let reason = "reason" in candidate ? candidate.reason : null
      if ("prompt" in candidate) {
        const tokens = this.#encoder.promptTokens(candidate.prompt.prompt)
        if (tokens > this.#settings.maxLength) reason = "over-long"
        else {
          const { id, prompt, data_source, ability, reward_model, ...rest } = candidate.prompt
          const extra_info = { index: BigInt(counted.written), split: "train", verifiers: candidate.verifiers }
          const row: Row = { id, prompt, data_source, ability, reward_model, extra_info, ...rest }
          await this.#rl.add(row, { tokens, trainedTokens: 0, weight: 8 * tokens })
          this.#verifiers.add(data_source.slice("rlvr/".length))
          counted.written++
        }
      }
      if (reason !== null) counted.rejected[reason] = (counted.rejected[reason] ?? 0) + 1
    }
    this.#rlRows = { ...counted, rejected: sorted(counted.rejected) }
  }

  /** Writes all that is not rows, and tells the manifest. */
  async finish(): Promise<{ manifest: HandoffManifest; text: string }> {
    const { manifest: run, manifestSha256 } = this.#source
    const { model, maxLength, sequenceLength, overLong } = this.#settings
    const { tokenizer, stock, training, files: carried, endOfTurn, endOfDocument } = this.#encoder
    const sft = await this.#sft.close()
    const messages = await this.#messages.close()
    const packed = await this.#packed.close()
    const tokens = await this.#tokens!.close()
    const rl = await this.#rl.close()
    const shards: HandoffShard[] = [...sft, ...messages, ...packed, ...tokens, ...rl, ...(await this.#rejected.close())]
    const launch = launchConfigs({
      model,
      stage: run.stage,
      training: trainingOf(run.stage),
      samples: this.#rows.written,
      packedRows: packed.reduce((sum, { rows }) => sum + rows, 0),
      maxLength,
      sequenceLength,
      hasTools: this.#hasTools,
      rlPrompts: this.#rlRows?.written ?? 0,
      messagesFiles: messages.map(({ path }) => path),
      rlFiles: rl.map(({ path }) => path),
      seed: run.seed ?? 0,
      trainingTemplate: training.source,
      streamTokens: tokens[0]!.tokens,
    })
    const files: HandoffFile[] = []
    const write = async (path: string, content: string | Uint8Array) => {
      const file = await this.#folder.write(path, content)
      files.push(file)
      return file
    }
    for (const { path, bytes } of carried) await write(path, bytes)
    for (const { path, source } of [stock, training]) await write(path, source)
    await write("dataset_info.json", datasetInfo(messages.map(({ path }) => path)))
    for (const { from, to } of await trainerSideFiles(this.#rlRows !== null && this.#rlRows.written > 0))
      await write(to, await readFile(from))
    const launched: HandoffManifest["launch"] = []
    for (const { trainer, version, path, text, transformers } of launch)
      launched.push({ trainer, version, config: path, config_sha256: (await write(path, text)).sha256, transformers })
    const facts: CardFacts = {
      schema_version: 1,
      stage: run.stage,
      created_by: `cotyledon ${version}`,
      git_commit: null,
      seed: run.seed,
      model: model.repository,
      license: byKey(this.#licenses),
      rows: { ...this.#rows, rejected: sorted(this.#rows.rejected) },
      rl_rows: this.#rlRows,
      max_length: maxLength,
      over_long: overLong,
      shards,
      tokenizer: {
        sha256: tokenizer.digest,
        vocab_size: tokenizer.vocabSize,
        eos_token_id: endOfTurn,
        pad_token_id: endOfDocument,
      },
      template: {
        stock_sha256: stock.digest,
        training: training.path,
        training_sha256: training.digest,
        history: "stripped",
        empty_think_loss: false,
        mode_counts: this.#modes,
      },
      mixture: byKey(this.#mixture).map((of) => ({ ...of, weight: of.rows / this.#rows.written, epochs: 1 })),
      packing: {
        seq_len: sequenceLength,
        strategy: "best-fit-decreasing, whole samples, in windows of 8 Mi places",
        fill: this.#packer.fill,
        isolation: "seq_lengths: positions start again with each segment",
      },
      verifiers: await verifiersOf(this.#verifiers),
      distill: null,
      probes: this.#probes,
      launch: launched,
    }
    await write("README.md", datasetCard(facts))
    const { schema_version, stage, created_by, git_commit, seed, model: repository, license, ...rest } = facts
    const { rows, rl_rows, max_length, over_long, shards: listed, ...last } = rest
    const manifest = handoffManifest.parse({
      schema_version,
      stage,
      created_by,
      git_commit,
      seed,
      model: repository,
      license,
      lineage: {
        run_manifest_sha256: manifestSha256,
        run_fingerprint: run.lineage.fingerprint,
        params_sha256: digestOf({
          model: model.name,
          maxLength,
          overLong,
          sequenceLength,
          tokenizer: tokenizer.digest,
          stock: stock.digest,
          training: training.digest,
        }),
        inputs: [...run.shards, ...(this.#rlRows ? (run.beside.dropped ?? []) : [])].map(({ path, sha256, rows }) => ({
          path,
          sha256,
          rows,
        })),
        stages: run.lineage.stages,
        models: run.lineage.models,
      },
      rows,
      rl_rows,
      max_length,
      over_long,
      shards: listed,
      files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
      ...last,
    } satisfies HandoffManifest)
    return { manifest, text: `${JSON.stringify(manifest, null, 2)}\n` }
  }

  async abort(): Promise<void> {
    for (const folder of [this.#sft, this.#messages, this.#packed, this.#rejected, this.#rl]) await folder.abort()
    await this.#tokens?.abort()
  }
}

function countIn<T extends object>(map: Map<string, T & { rows: number }>, of: T): void {
  const key = canonicalRowJson(of)
  const known = map.get(key)
  if (known) known.rows++
  else map.set(key, { ...of, rows: 1 })
}

const byKey = <T>(map: ReadonlyMap<string, T>): T[] => [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, of]) => of)

const sorted = (counts: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)))

const reasonsIn = (rejected: Readonly<Record<string, number>>): string =>
  Object.entries(rejected)
    .map(([reason, rows]) => `${rows} ${reason}`)
    .join(", ")

/** The files that go to the trainer's side as they are. */
async function trainerSideFiles(withRewards: boolean): Promise<{ from: string; to: string }[]> {
  const folder = fileURLToPath(new URL("./trainer-side/", import.meta.url))
  const names = (await readdir(folder)).filter((name) => name.endsWith(".py")).sort()
  return names.flatMap((name) => {
    const from = join(folder, name)
    if (name.startsWith("cotyledon_rewards")) return withRewards ? [{ from, to: `rewards/${name}` }] : []
    return [{ from, to: name }]
  })
}

/** The verifiers by name, each with the digest of the code that verifiers are made of. */
async function verifiersOf(names: ReadonlySet<string>): Promise<HandoffManifest["verifiers"]> {
  const folder = fileURLToPath(new URL("../../annotators/verifiers/", import.meta.url))
  const hash = createHash("sha256")
  for (const name of (await readdir(folder)).filter((name) => /\.[jt]s$/.test(name) && !name.endsWith(".d.ts")).sort())
    hash.update(`${name}\n`).update(await readFile(join(folder, name)))
  const code_sha256 = hash.digest("hex")
  return [...names].sort().map((name) => ({ name, version: verifierVersions[name] ?? 0, code_sha256 }))
}
