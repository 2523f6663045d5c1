import { findControlToken } from "../../../annotators/chat/control-tokens.ts"
import { referenceFault } from "../../../annotators/verify-answer.ts"
import type { HandoffManifest } from "../../../schemas/handoff-manifest.ts"
import type { RlPrompt } from "../../../schemas/rl-prompt.ts"
import type { Message } from "../../../schemas/sample.ts"
import { canonicalRowJson } from "../../runtime/row-json.ts"
import { leakedAnswer } from "../leaked-answer.ts"
import { openInstruct } from "../rl-prompts.ts"
import type { SampleEncoder } from "../sample-encoder.ts"
import type { SamplesSeen } from "./check-samples.ts"
import type { Findings } from "./findings.ts"
import { shardRows } from "./shard-rows.ts"

/** The prompts for RL: whole, verifiable, without their answers, and none that the samples teach already. */
export async function checkPrompts(
  folder: string,
  manifest: HandoffManifest,
  { encoder, samples, findings }: { encoder: SampleEncoder; samples: SamplesSeen; findings: Findings },
): Promise<void> {
  const ids = new Set<string>()
  const verifiers = new Set<string>()
  let rows = 0
  for (const shard of manifest.shards.filter(({ path }) => path.startsWith("rl/"))) {
    let tokens = 0
    for await (const row of shardRows<RlPrompt>(folder, shard, findings)) {
      const id = String(row.id)
      const fault = (check: string, what: string) => findings.add(shard.path, check, what, id)
      if (ids.has(id)) fault("id", "its id stands twice")
      ids.add(id)
      if (samples.ids.has(id) || samples.questionIds.has(id)) fault("used", "the samples in sft/ have this question")
      for (const [check, what] of promptFaults(row, rows, samples)) fault(check, what)
      for (const name of namesOf(row)) verifiers.add(name)
      rows++
      tokens += isPrompt(row.prompt) ? encoder.promptTokens(row.prompt) : 0
    }
    if (tokens !== shard.tokens)
      findings.add(shard.path, "tokens", `the manifest says ${shard.tokens} tokens, its prompts have ${tokens}`)
  }
  if ((manifest.rl_rows?.written ?? 0) !== rows)
    findings.add("manifest.json", "rl_rows", `says ${manifest.rl_rows?.written ?? 0} prompts, there are ${rows}`)
  const [expected, got] = [manifest.verifiers.map(({ name }) => name).join(), [...verifiers].sort().join()]
  if (expected !== got)
    findings.add("manifest.json", "verifiers", `names the verifiers ${expected}, the prompts need ${got}`)
}

function* promptFaults(row: RlPrompt, index: number, samples: SamplesSeen): Generator<[string, string]> {
  const { prompt, messages, reward_model, extra_info, ground_truth, dataset, solution, data_source } = row
  if (!isPrompt(prompt)) return yield ["prompt", "its prompt is no conversation that ends with a user's turn"]
  if (canonicalRowJson(prompt) !== canonicalRowJson(messages)) yield ["messages", "prompt and messages differ"]
  for (const { role, content } of prompt) {
    const control = findControlToken(content)
    if (control) yield ["special token", `${role}: ${control.token}`]
  }
  const question = prompt.at(-1)!.content
  if (samples.questions.has(question)) yield ["used", "a sample in sft/ asks the same"]
  const reference = reward_model?.ground_truth
  if (typeof reference !== "string" || reference === "") return yield ["reference", "reward_model has no ground_truth"]
  if (solution !== reference) yield ["reference", "solution and reward_model.ground_truth differ"]
  const leak = leakedAnswer(prompt, reference)
  if (leak) yield ["leaked answer", leak]
  if (extra_info?.index !== BigInt(index))
    yield ["index", `extra_info.index is ${extra_info?.index}, expected ${index}`]
  const parts = verifiersIn(row)
  if (!parts) return yield ["verifiers", "extra_info.verifiers is no JSON list of verifiers"]
  for (const { name, options } of parts) {
    const verifier = { reference, choices: null, verifier: name, verifierOptions: JSON.stringify(options ?? {}) }
    const fault = referenceFault(verifier)
    if (fault) yield ["verifiers", `${name} cannot score it: ${fault}`]
    else {
      const elsewhere = openInstruct(name, reference)
      if (ground_truth?.[0] !== elsewhere.groundTruth || dataset?.[0] !== elsewhere.verifier)
        yield ["reference", "ground_truth or dataset is not what open-instruct needs for this reference"]
    }
  }
  if (data_source !== `rlvr/${parts[0]!.name}`)
    yield ["data_source", `data_source is ${data_source}, the verifier is ${parts[0]!.name}`]
}

const isPrompt = (prompt: unknown): prompt is Message[] =>
  Array.isArray(prompt) &&
  prompt.length > 0 &&
  prompt.every((turn) => typeof turn?.role === "string" && typeof turn?.content === "string") &&
  prompt.at(-1).role === "user"

function verifiersIn({ extra_info }: RlPrompt): { name: string; options?: object }[] | null {
  try {
    const parts: unknown = JSON.parse(extra_info.verifiers)
    const whole = Array.isArray(parts) && parts.length > 0 && parts.every((part) => typeof part?.name === "string")
    return whole ? (parts as { name: string }[]) : null
  } catch {
    return null
  }
}

const namesOf = (row: RlPrompt): string[] => (verifiersIn(row) ?? []).map(({ name }) => name)
