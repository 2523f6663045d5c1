// A handoff: what GPU trainers load, with a manifest that proves what it is. One pass over the run's samples makes every view of them.
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import {
  type HandoffFile,
  type HandoffManifest,
  type HandoffShard,
  handoffManifest,
} from "../../schemas/handoff-manifest.ts"
import { rlPrompt } from "../../schemas/rl-prompt.ts"
import { stopError } from "../runtime/errors.ts"
import { digestOf } from "../runtime/fingerprint.ts"
import type { Row } from "../runtime/step.ts"
import { version } from "../runtime/version.ts"
import { type CardFacts, datasetCard } from "./dataset-card.ts"
import { type HandoffOptions, readSettings, type Settings } from "./handoff-options.ts"
import { launchConfigs } from "./launch/all.ts"
import { datasetInfo } from "./launch/llamafactory.ts"
import { addReserve, hasRlCandidates, rlCandidates } from "./rl-prompts.ts"
import { expectWritten, openRunSamples, type RunSamples, samplesOf } from "./run-samples.ts"
import { openSampleEncoder, type SampleEncoder } from "./sample-encoder.ts"
import { SampleViews } from "./sample-views.ts"
import { ShardFolder } from "./shard-folder.ts"
import { trainingOf } from "./stage-training.ts"
import { trainerSideFiles, verifiersOf } from "./trainer-side-files.ts"
import { WholeFolder } from "./whole-folder.ts"

/** A written handoff: where it stands and what went into it. */
export interface HandoffResult {
  /** Where the handoff stands. */
  readonly path: string
  readonly sha256: string
  /** True when the same handoff was there already. */
  readonly stood: boolean
  readonly manifest: HandoffManifest
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
  let writer: HandoffWriter | null = null
  try {
    const views = await SampleViews.create(folder.path, source, encoder, settings)
    writer = new HandoffWriter(folder, source, encoder, settings, views)
    await writer.samples(options)
    await writer.prompts(options)
    const { manifest, text } = await writer.finish()
    const published = await folder.publish(text)
    return { ...published, manifest }
  } catch (error) {
    await writer?.abort()
    await folder.remove()
    throw error
  }
}

const progressRows = 1_000

class HandoffWriter {
  readonly #folder: WholeFolder
  readonly #source: RunSamples
  readonly #encoder: SampleEncoder
  readonly #settings: Settings
  readonly #views: SampleViews
  readonly #rl: ShardFolder
  #rlRows: HandoffManifest["rl_rows"] = null
  readonly #verifiers = new Set<string>()

  constructor(folder: WholeFolder, source: RunSamples, encoder: SampleEncoder, settings: Settings, views: SampleViews) {
    this.#folder = folder
    this.#source = source
    this.#encoder = encoder
    this.#settings = settings
    this.#views = views
    this.#rl = new ShardFolder(folder.path, { folder: "rl", name: "train", schema: rlPrompt.schema })
  }

  /** Reads all samples of the run. */
  async samples({ signal, onProgress, run }: HandoffOptions): Promise<void> {
    const { rows } = this.#views
    for await (const batch of samplesOf(this.#source))
      for (const row of batch) {
        signal?.throwIfAborted()
        await this.#views.add(row)
        if (rows.in % progressRows === 0) onProgress?.(rows.in)
      }
    if (rows.written === 0)
      throw stopError({
        what: "No sample is left to hand off",
        where: run,
        got: rows.in === 0 ? "an empty dataset" : reasonsIn(rows.rejected),
        remedy: "Look at what the run kept (cotyledon inspect RUN) and at --max-length.",
      })
  }

  /** Writes the prompts for RL, where the run drafted questions that it did not take. */
  async prompts({ signal }: HandoffOptions): Promise<void> {
    const { run, manifest } = this.#source
    if (!hasRlCandidates(manifest)) return
    const counted = { in: 0, written: 0, rejected: {} as Record<string, number> }
    for (const { path, sha256 } of manifest.beside.dropped ?? []) await expectWritten(join(run, path), sha256)
    await addReserve(run, manifest, this.#views.known)
    for await (const candidate of rlCandidates(run, manifest, this.#views.known)) {
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
    const { model, maxLength, sequenceLength, overLong, emptyThinkLoss } = this.#settings
    const { tokenizer, stock, training, files: carried, endOfTurn, endOfDocument } = this.#encoder
    const views = this.#views
    const { sft, messages, packed, tokens, rejected } = await views.close()
    const rl = await this.#rl.close()
    const shards: HandoffShard[] = [...sft, ...messages, ...packed, ...tokens, ...rl, ...rejected]
    const launch = launchConfigs({
      model,
      stage: run.stage,
      training: trainingOf(run.stage),
      samples: views.rows.written,
      packedRows: packed.reduce((sum, { rows }) => sum + rows, 0),
      maxLength,
      sequenceLength,
      hasTools: views.hasTools,
      emptyThinkLoss,
      rlPrompts: this.#rlRows?.written ?? 0,
      messagesFiles: messages.map(({ path }) => path),
      rlFiles: rl.map(({ path }) => path),
      seed: run.seed ?? 0,
      stockTemplate: stock.path,
      isFamilyTemplate: this.#encoder.isFamilyTemplate,
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
      license: views.licenses,
      rows: { ...views.rows, rejected: sorted(views.rows.rejected) },
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
        empty_think_loss: emptyThinkLoss,
        mode_counts: views.modes,
      },
      mixture: views.mixture.map((of) => ({ ...of, weight: of.rows / views.rows.written, epochs: 1 })),
      packing: {
        seq_len: sequenceLength,
        strategy: "best-fit-decreasing, whole samples, in windows of 8 Mi places",
        fill: views.fill,
        isolation: "seq_lengths: positions start again with each segment",
      },
      verifiers: await verifiersOf(this.#verifiers),
      distill: null,
      probes: views.probes,
      launch: launched,
    }
    await write("README.md", datasetCard(facts, stock.path))
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
          emptyThinkLoss,
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
    await this.#rl.abort()
    await this.#views.abort()
  }
}

const sorted = (counts: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)))

const reasonsIn = (rejected: Readonly<Record<string, number>>): string =>
  Object.entries(rejected)
    .map(([reason, rows]) => `${rows} ${reason}`)
    .join(", ")
