// Every sample of a handoff, and every view of it, in one pass: from the rows of sft/ follow the messages, the tokens, the packed rows, the
// token stream and the counts of the manifest. What does not follow is a finding, at the row where it begins.
import type { HandoffManifest, HandoffShard, Probe } from "../../../schemas/handoff-manifest.ts"
import { RowError } from "../../runtime/errors.ts"
import { canonicalRowJson } from "../../runtime/row-json.ts"
import type { Row } from "../../runtime/step.ts"
import { KnownQuestions } from "../known-questions.ts"
import { PairCounts } from "../pair-counts.ts"
import { probeOf } from "../probes.ts"
import type { Encoded, SampleEncoder } from "../sample-encoder.ts"
import { readSample, type SampleParts, type SoundSample } from "../sample-fault.ts"
import { TextSet } from "../text-set.ts"
import { MessagesCheck } from "./check-messages.ts"
import { PackedCheck } from "./check-packed.ts"
import { StreamCheck } from "./check-stream.ts"
import type { Findings } from "./findings.ts"
import { expectCounts, shardBatches, shardsOf } from "./shard-rows.ts"

/** What the samples say that other checks need. Of their questions nothing is kept where the handoff has no prompts that could ask them. */
export interface SamplesSeen {
  readonly ids: Pick<TextSet, "has">
  /** Those that are not the sample's id as well. */
  readonly questionIds: Pick<TextSet, "has">
  readonly questions: KnownQuestions
  readonly rows: number
  readonly tokens: number
}

/** What is read of a sample: what decides its tokens, and what the manifest and the prompts for RL are compared with. */
const columnsRead = [
  "id",
  "prompt",
  "completion",
  "chat_template_kwargs",
  "enable_thinking",
  "tools",
  "question_id",
  "source",
  "license",
  "domain",
] as const

/** Reads all samples; `onRow` hears of each. */
export async function checkSamples(
  folder: string,
  manifest: HandoffManifest,
  { encoder, findings, onRow }: { encoder: SampleEncoder; findings: Findings; onRow?: (() => void) | undefined },
): Promise<SamplesSeen> {
  const check = new SamplesCheck(folder, manifest, encoder, findings)
  try {
    for (const shard of shardsOf(manifest, "sft")) await check.shard(shard, onRow)
    await check.end()
  } finally {
    await check.close()
  }
  return check
}

class SamplesCheck implements SamplesSeen {
  readonly ids = new TextSet()
  readonly questionIds = new TextSet()
  readonly questions = new KnownQuestions()
  rows = 0
  tokens = 0
  /** Whether there are prompts for RL, which must not ask what a sample teaches. */
  readonly #forPrompts: boolean
  readonly #folder: string
  readonly #manifest: HandoffManifest
  readonly #encoder: SampleEncoder
  readonly #findings: Findings
  readonly #messages: MessagesCheck
  readonly #packed: PackedCheck
  readonly #stream: StreamCheck
  readonly #probes: Map<string, Probe>
  readonly #modes = { thinking: 0, non_thinking: 0 }
  readonly #licenses = new PairCounts<string | null, string>()
  readonly #mixture = new PairCounts<string, string | null>()

  constructor(folder: string, manifest: HandoffManifest, encoder: SampleEncoder, findings: Findings) {
    this.#forPrompts = shardsOf(manifest, "rl").length > 0
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
    for await (const rows of shardBatches(this.#folder, shard, this.#findings, { columns: columnsRead }))
      for (const row of rows) {
        // Most rows have nothing to wait for, which would cost more than some of their checks.
        const waits = this.#row(shard.path, number++, row, counted)
        if (waits) await waits
        onRow?.()
      }
    expectCounts(shard, counted, this.#findings)
  }

  #row(
    path: string,
    number: number,
    row: Row,
    counted: { tokens: number; trained: number },
  ): Promise<unknown> | undefined {
    this.rows++
    const id = typeof row.id === "string" ? row.id : `number ${number}`
    const fault = (check: string, what: string) => this.#findings.add(path, check, what, id)
    if (!this.ids.add(id)) fault("id", "its id stands twice")
    if (this.#forPrompts && typeof row.question_id === "string" && row.question_id !== id)
      this.questionIds.add(row.question_id)
    const encoded = this.#encoded(row, fault)
    const messages = this.#messages.next(path, id, encoded?.sample ?? null)
    if (!encoded) {
      this.#packed.lost()
      return bothOf(messages, this.#stream.lost())
    }
    const { sample, inputIds, labels, trainedTokens } = encoded
    if (inputIds.length > this.#manifest.max_length)
      fault("max_length", `it has ${inputIds.length} tokens, more than ${this.#manifest.max_length}`)
    const probe = this.#probes.get(id)
    if (probe) {
      this.#probes.delete(id)
      for (const what of probeFaults(probe, encoded)) fault("probe", what)
    }
    if (this.#forPrompts) this.questions.add(sample.prompt.findLast(({ role }) => role === "user")?.content ?? "")
    counted.tokens += inputIds.length
    counted.trained += trainedTokens
    this.tokens += inputIds.length
    if (sample.enable_thinking) this.#modes.thinking++
    else this.#modes.non_thinking++
    const source = typeof row.source === "string" ? row.source : "unknown"
    this.#licenses.add(typeof row.license === "string" ? row.license : null, source)
    this.#mixture.add(source, typeof row.domain === "string" ? row.domain : null)
    const packed = this.#packed.next({ id, inputIds, labels })
    const stream = this.#stream.next({ id, inputIds, labels, source: path, row: number })
    return bothOf(messages, bothOf(packed, stream))
  }

  #encoded(row: Row, fault: (check: string, what: string) => void): (Encoded & { sample: SoundSample }) | null {
    const emptyThinkLoss = this.#manifest.template.empty_think_loss
    const read = readSample(row as unknown as SampleParts, { emptyThinkLoss })
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
    expect(
      "license",
      license,
      this.#licenses.list((license, source) => ({ license, source })),
    )
    expect(
      "mixture",
      mixture.map(({ source, domain, rows }) => ({ source, domain, rows })),
      this.#mixture.list((source, domain) => ({ source, domain })),
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
    await this.#messages.close()
    await this.#packed.close()
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

/** What waits, if anything does. */
const bothOf = (
  first: Promise<unknown> | undefined,
  second: Promise<unknown> | undefined,
): Promise<unknown> | undefined => (first && second ? Promise.all([first, second]) : (first ?? second))
