// F4 of the handoff: what the cold start left for reinforcement learning. Its verified questions of which no response was taken are prompts;
// those in the reserve, in the dataset, or too much like one in it are not.
import { questionText } from "../../annotators/solving-prompt.ts"
import { referenceFault, verifierOf } from "../../annotators/verify-answer.ts"
import type { Manifest } from "../../schemas/manifest.ts"
import type { DroppedRow } from "../../schemas/rejection.ts"
import type { RlPrompt } from "../../schemas/rl-prompt.ts"
import type { Group } from "../../schemas/rollout.ts"
import { rowsIn } from "../runtime/reduce-task.ts"
import { parseJson } from "../runtime/row-json.ts"
import type { KnownQuestions } from "./known-questions.ts"
import { leakedAnswer } from "./leaked-answer.ts"

/** A question that could become a prompt, or why it does not. */
export type RlCandidate =
  | { readonly prompt: Omit<RlPrompt, "extra_info">; readonly verifiers: string }
  | { readonly reason: string }

/** Steps of the cold start that drop questions whose drafts were verified. */
const laterSteps = new Set(["selection", "responses-left"])

/** Whether a run drops questions that may become prompts. */
export const hasRlCandidates = ({ stage, beside }: Manifest): boolean =>
  stage === "cold-start" && (beside.dropped ?? []).some(({ rows }) => rows > 0)

/** Adds the questions of a run's reserve to those that must not come up. */
export async function addReserve(run: string, manifest: Manifest, known: KnownQuestions): Promise<void> {
  for await (const row of rowsIn(run, manifest.beside.dropped ?? [], ["step", "row"]))
    if (row.step === "reserve") known.add(questionText(parseJson(String(row.row)) as Group))
}

/** The questions that a cold start drafted and did not take, in the order in which they were dropped. */
export async function* rlCandidates(
  run: string,
  manifest: Manifest,
  known: KnownQuestions,
): AsyncGenerator<RlCandidate> {
  for await (const row of rowsIn(run, manifest.beside.dropped ?? [])) {
    const dropped = row as DroppedRow
    if (!laterSteps.has(dropped.step)) continue
    const candidate = candidateOf(dropped, known)
    if ("prompt" in candidate) known.add(candidate.prompt.prompt[0]!.content)
    yield candidate
  }
}

function candidateOf(dropped: DroppedRow, known: KnownQuestions): RlCandidate {
  const group = parseJson(dropped.row) as Group
  const { reference, referenceOrigin, suspect, passRate } = group
  if (reference === null || referenceOrigin !== "source") return { reason: "no-verified-reference" }
  if (suspect) return { reason: "suspect-reference" }
  if (passRate === null) return { reason: "not-verified" }
  if (passRate <= 0) return { reason: "none-correct" }
  const evidence = dropped.evidence === null ? null : (parseJson(dropped.evidence) as { duplicateOf?: string })
  if (evidence?.duplicateOf) return { reason: "near-duplicate" }
  const text = questionText(group)
  if (known.has(text)) return { reason: "known-question" }
  const verifier = verifierOf(group)
  if (!verifier || referenceFault(group) !== null) return { reason: "unverifiable-reference" }
  const prompt = [{ role: "user", content: text }]
  if (leakedAnswer(prompt, reference)) return { reason: "leaked-answer" }
  const elsewhere = openInstruct(verifier.id, reference)
  return {
    verifiers: JSON.stringify([{ name: verifier.id, weight: 1, options: verifier.options }]),
    prompt: {
      id: group.id,
      prompt,
      data_source: `rlvr/${verifier.id}`,
      ability: group.domain ?? "unknown",
      reward_model: { style: "rule", ground_truth: reference },
      messages: prompt,
      ground_truth: [elsewhere.groundTruth],
      dataset: [elsewhere.verifier],
      solution: reference,
      source: group.source,
      license: group.license,
      pass_rate: passRate,
    },
  }
}

/** A reference as open-instruct's own verifiers take it. Letters of choices are compared by its `math`, which reads boxes. */
export function openInstruct(verifier: string, reference: string): { verifier: string; groundTruth: string } {
  if (verifier === "code-tests") {
    const { tests, entry_point: entry } = JSON.parse(reference) as { tests: string | string[]; entry_point?: string }
    const list = typeof tests === "string" ? [tests] : tests
    const called = list.map((test) => (entry && /def\s+check\s*\(/.test(test) ? `${test}\ncheck(${entry})` : test))
    return { verifier: "code", groundTruth: JSON.stringify(called) }
  }
  if (verifier === "code-stdio") {
    const { inputs, outputs } = JSON.parse(reference) as { inputs: string[]; outputs: string[] }
    return {
      verifier: "code_stdio",
      groundTruth: JSON.stringify(inputs.map((input, at) => ({ input, output: outputs[at] }))),
    }
  }
  return { verifier: "math", groundTruth: reference }
}
