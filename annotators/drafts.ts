import type { Effects } from "../pipelines/runtime/effect.ts"
import { digestOf } from "../pipelines/runtime/fingerprint.ts"
import type { ProgramStep, Tally } from "../pipelines/runtime/step.ts"
import type { ImportedDraft } from "../schemas/imported-draft.ts"
import { type Question, question as questionTable } from "../schemas/question.ts"
import { type Group, group, importedPrefix, type Rollout } from "../schemas/rollout.ts"
import { openTokenizer } from "./chat/open-tokenizer.ts"
import type { Tokenizer } from "./chat/tokenizer.ts"
import { type Drafted, draftInWaves, waveEnds } from "./draft-waves.ts"
import type { Endpoint } from "./endpoint/endpoint.ts"
import { hostility } from "./endpoint/hostile-text.ts"
import { splitReasoning } from "./endpoint/reasoning.ts"
import { seedOf } from "./endpoint/seed.ts"
import { passRateOf } from "./pass-rate.ts"
import { type SolvingPrompt, solvingMessages } from "./solving-prompt.ts"
import { splitResponse } from "./split-response.ts"
import { referenceFault, verifierVersions, verifyAnswer } from "./verify-answer.ts"
import { answerOf, canVote, isMajority, type VoteRule, voteOf } from "./vote.ts"

export interface DraftsOptions {
  /** Drafts of every question, then twice as many each time while none is right, up to `maximum`. */
  initial: number
  maximum: number
  temperature: number
  topP: number
  /** Longest draft in tokens, thinking included. */
  maxTokens: number
  /** From when drafts that agree on another answer than the reference put it under suspicion. */
  suspects: VoteRule
  /** Whether and from when the answer of most drafts stands in for a missing reference. */
  majority: VoteRule & { enabled: boolean }
  seed: number
}

/** What drafting adds to a question, and the question's reference where a majority gave it. */
type Added = Omit<Group, Exclude<keyof Question, "reference"> | "judgements" | "review">

/**
 * Drafts candidates for a question with a long-CoT model and verifies each against the reference (Qwen3 report, section 4.1). Every
 * draft is an effect of its own: a group that is killed after five of eight keeps five, in order of their sample index.
 *
 * Where no draft is right after all `maximum` and those that were found wrong agree on one answer, the reference is `suspect`, not the
 * drafter. A question without a reference gets `maximum` drafts at once where a majority may stand in, and the answer of most
 * becomes its reference (as in OpenMathReasoning, arXiv 2504.16891): its pass rate is then the drafts' agreement.
 */
export const drafts = (prompt: SolvingPrompt, drafter: Endpoint, options: DraftsOptions): ProgramStep => {
  const { initial, maximum, temperature, topP, maxTokens, suspects, majority, seed } = options
  const ends = waveEnds(initial, maximum)
  const most = ends.at(-1)!
  return {
    kind: "program",
    id: "drafts",
    version: 3,
    params: {
      prompt: [prompt.id, prompt.version],
      model: drafter.params,
      ...options,
      maximum: most,
      verifiers: verifierVersions,
    },
    about: "Drafts chains of thought and verifies each against the reference",
    adds: {
      reference: questionTable.columns.reference,
      referenceOrigin: group.columns.referenceOrigin,
      rollouts: group.columns.rollouts,
      correct: group.columns.correct,
      verified: group.columns.verified,
      passRate: group.columns.passRate,
      passRateLow: group.columns.passRateLow,
      passRateHigh: group.columns.passRateHigh,
      vote: group.columns.vote,
      suspect: group.columns.suspect,
    },
    bound: [{ role: drafter.role, calls: most, inputTokens: 80, outputTokens: maxTokens }],
    async run(row, effects) {
      const question = row as unknown as Question
      const messages = solvingMessages(prompt, question)
      const imported = await rolloutsOf((row.imported ?? []) as ImportedDraft[], question, effects)
      const draft = async (sample: number): Promise<Rollout> => {
        const made = imported.rollouts[sample]
        if (made) return made
        const sampleSeed = seedOf(seed, question.id, "draft", sample)
        const request = { messages, maxTokens, temperature, topP, seed: sampleSeed }
        const { value, usage, id } = await effects.settle(drafter.chat(request, sample))
        const { thinking, answer } = splitResponse(value)
        return {
          sample,
          seed: sampleSeed,
          thinking,
          answer,
          finish: value.finish,
          inputTokens: usage?.input ?? 0,
          outputTokens: usage?.output ?? 0,
          model: drafter.identity,
          exchange: id,
          ...(await verdictOf(answer, question, effects)),
          judgements: [],
          rejection: null,
        }
      }
      const referenced = hasText(question.reference)
      const votes = !referenced && majority.enabled && canVote(question)
      // The drafts that vote are counted before the first of them: none is asked for because of how the others voted.
      // What there is already is all looked at, however much it is.
      const waves = (votes ? [most] : referenced ? ends : [initial]).map((end) =>
        Math.max(end, imported.rollouts.length),
      )
      const drafted = await draftInWaves(draft, [...new Set(waves)], effects.signal)
      const { rollouts, failures } = drafted
      if (rollouts.length === 0) throw failures.find(({ retryable }) => retryable) ?? failures[0]!
      const added = votes
        ? await elected(rollouts, question, majority, effects)
        : await verified(
            rollouts,
            question,
            { suspects, exhausted: rollouts.length + failures.length >= most },
            effects,
          )
      return {
        keep: [{ ...row, ...added, ...(row.imported !== undefined && { imported: [] }) }],
        tally: { ...tallyOf(drafted, added), ...imported.tally },
        // What was drafted is kept; what an endpoint's fault cost is tried again by the next run.
        incomplete: failures.some(({ retryable }) => retryable),
      }
    },
  }
}

/**
 * Drafts made elsewhere as rollouts 0, 1, ...: told apart and verified like those that are asked for. One that no server's answer could be
 * (control characters, neither thinking nor answer) is counted and left out. Their exchange is `import:` and a hash of what
 * they say; they have no seed (-1). Tokens that the file does not count are counted with the Qwen3 tokenizer.
 */
async function rolloutsOf(
  drafts: readonly ImportedDraft[],
  question: Question,
  effects: Effects,
): Promise<{ rollouts: Rollout[]; tally: Tally }> {
  const rollouts: Rollout[] = []
  let unfit = 0
  for (const { content, reasoning, finish, outputTokens, model } of drafts) {
    const cut = finish === "length" ? ("length" as const) : ("stop" as const)
    const parted = splitReasoning({ content, reasoning, finish: cut, thinkingOff: false })
    const { thinking, answer } = splitResponse(parted)
    if (hostility(content + (reasoning ?? "")) !== null || (answer.trim() === "" && thinking === null)) {
      unfit++
      continue
    }
    rollouts.push({
      sample: rollouts.length,
      seed: -1,
      thinking,
      answer,
      finish: cut,
      inputTokens: 0,
      outputTokens: outputTokens ?? (await tokensIn(`${reasoning ?? ""}${content}`)),
      model,
      exchange: `${importedPrefix}${digestOf([question.id, model, reasoning, content, rollouts.length]).slice(0, 24)}`,
      ...(await verdictOf(answer, question, effects)),
      judgements: [],
      rejection: null,
    })
  }
  const tally: Tally = {
    ...(rollouts.length > 0 && { "imported drafts": rollouts.length }),
    ...(unfit > 0 && { "unfit imports": unfit }),
  }
  return { rollouts, tally }
}

let tokenizer: Promise<Tokenizer> | null = null

async function tokensIn(text: string): Promise<number> {
  tokenizer ??= openTokenizer()
  return (await tokenizer).encode(text).length
}

const hasText = (reference: string | null | undefined): reference is string =>
  typeof reference === "string" && reference.trim() !== ""

async function verdictOf(
  answer: string,
  question: Question,
  effects: Effects,
): Promise<Pick<Rollout, "verdict" | "extracted" | "verdictReason">> {
  const { verdict, extracted, reason } = await verifyAnswer(answer, question, effects)
  return { verdict, extracted, verdictReason: reason }
}

/** Rollouts that were verified against the source's reference; suspicious when all drafts were made and the wrong ones agree. */
async function verified(
  rollouts: Rollout[],
  question: Question,
  { suspects, exhausted }: { suspects: VoteRule; exhausted: boolean },
  effects: Effects,
): Promise<Added> {
  const counts = countsOf(rollouts)
  const wrong = rollouts.filter(({ verdict }) => verdict === "incorrect")
  const vote = counts.correct === 0 && canVote(question) ? await voteOf(wrong, question, effects) : null
  return {
    reference: question.reference ?? null,
    referenceOrigin: hasText(question.reference) ? "source" : null,
    rollouts,
    ...counts,
    vote,
    suspect: exhausted && vote !== null && isMajority(vote, suspects),
  }
}

/** Rollouts that are verified against the answer which most of them gave; against none where there is no majority. */
async function elected(
  rollouts: readonly Rollout[],
  question: Question,
  rule: VoteRule,
  effects: Effects,
): Promise<Added> {
  const ballots = []
  for (const { answer, exchange } of rollouts)
    ballots.push({ exchange, extracted: await answerOf(answer, question, effects) })
  const vote = await voteOf(ballots, question, effects)
  const reference = vote && isMajority(vote, rule) ? vote.answer : null
  const believed = reference !== null && referenceFault({ ...question, reference }) === null
  const judged: Rollout[] = []
  for (const [at, rollout] of rollouts.entries())
    judged.push({
      ...rollout,
      ...(believed
        ? await verdictOf(rollout.answer, { ...question, reference }, effects)
        : { extracted: ballots[at]!.extracted, verdictReason: "no majority of drafts stands in for the reference" }),
    })
  return {
    reference: believed ? reference : null,
    referenceOrigin: believed ? "majority" : null,
    rollouts: judged,
    ...countsOf(judged),
    vote,
    suspect: false,
  }
}

function countsOf(rollouts: readonly Rollout[]) {
  const correct = rollouts.filter(({ verdict }) => verdict === "correct").length
  const verified = rollouts.filter(({ verdict }) => verdict === "correct" || verdict === "incorrect").length
  return { correct, verified, ...passRateOf(correct, verified) }
}

function tallyOf({ rollouts: { length: drafted }, failures }: Drafted, { rollouts, ...of }: Added): Tally {
  const tally: Tally = { drafts: drafted }
  const add = (name: string, count = 1) => {
    tally[name] = (tally[name] ?? 0) + count
  }
  for (const { verdict, finish } of rollouts) {
    add(verdict)
    if (finish === "length") add("truncated")
  }
  if (failures.length > 0) add("failed drafts", failures.length)
  if (of.suspect) add("suspect references")
  if (of.referenceOrigin === "majority") add("references by majority")
  return tally
}
