import type { Effects } from "../pipelines/runtime/effect.ts"
import type { Rollout, Vote } from "../schemas/rollout.ts"
import { math } from "./verifiers/math.ts"
import { multipleChoice } from "./verifiers/multiple-choice.ts"
import { runsProgram, type Verifiable, verifierIdOf, verifyAnswer } from "./verify-answer.ts"

/** When an answer that drafts agree on is believed. */
export interface VoteRule {
  /** Least number of drafts that give the answer. */
  minimumVotes: number
  /** Least share of them among the drafts that give any answer. */
  minimumShare: number
}

/** An answer as one draft gave it. */
export type Ballot = Pick<Rollout, "extracted" | "exchange">

/**
 * References that stand in for a missing one while a response's final answer is looked for: their kind is used, not their value. A
 * number: words are then an answer only where they are marked as one, and no closing remark is taken for a vote.
 */
const placeholders = new Map([
  [math.id, "0"],
  [multipleChoice.id, "A"],
])

/** True when answers to a question are values that can be compared with each other; programs cannot. */
export const canVote = (question: Verifiable): boolean =>
  !runsProgram(question) && placeholders.has(verifierIdOf(question))

/** Answers of this length in UTF-16 units or more may have been cut when they were stored, and are not compared. */
const cutLength = 512

/**
 * The answer that most ballots agree on, or null where there is no ballot with an answer. Two answers are one when the question's
 * verifier finds each right with the other as its reference; a ballot joins the first class whose first member it equals. Classes
 * with equally many votes stand in the order of their first ballots, and `runnerUp` says that they are equal. Needs `canVote`.
 */
export async function voteOf(ballots: readonly Ballot[], question: Verifiable, effects: Effects): Promise<Vote | null> {
  const classes: { answers: string[]; exchanges: string[] }[] = []
  const seen = new Map<string, (typeof classes)[number]>()
  for (const { extracted, exchange } of ballots) {
    if (extracted === null || extracted.trim() === "" || extracted.length >= cutLength) continue
    let own = seen.get(extracted)
    for (const other of own ? [] : classes)
      if (await sameAnswer(extracted, other.answers[0]!, question, effects)) {
        own = other
        break
      }
    if (!own) {
      own = { answers: [], exchanges: [] }
      classes.push(own)
    }
    seen.set(extracted, own)
    own.answers.push(extracted)
    own.exchanges.push(exchange)
  }
  classes.sort((a, b) => b.answers.length - a.answers.length)
  const [first, second] = classes
  if (!first) return null
  return {
    answer: commonest(first.answers),
    votes: first.answers.length,
    of: classes.reduce((sum, { answers }) => sum + answers.length, 0),
    runnerUp: second?.answers.length ?? 0,
    exchanges: first.exchanges,
  }
}

/** Whether a vote is believed: enough votes, a large enough share, and more of them than any other answer has. */
export const isMajority = ({ votes, of, runnerUp }: Vote, { minimumVotes, minimumShare }: VoteRule): boolean =>
  votes >= minimumVotes && votes / of >= minimumShare && votes > runnerUp

async function sameAnswer(a: string, b: string, question: Verifiable, effects: Effects): Promise<boolean> {
  // A letter is the same or it is not.
  if (verifierIdOf(question) !== math.id) return a === b
  const equals = async (answer: string, reference: string) =>
    (await verifyAnswer(answer, bare(question, reference), effects)).verdict === "correct"
  return (await equals(a, b)) && (await equals(b, a))
}

/** The question with another answer for its reference, to be compared with an answer and nothing around it. */
const bare = (question: Verifiable, reference: string): Verifiable => ({
  ...question,
  reference,
  verifierOptions: JSON.stringify({ ...optionsOf(question), answer: "bare" }),
})

const optionsOf = ({ verifierOptions }: Verifiable): object =>
  verifierOptions == null ? {} : (JSON.parse(verifierOptions) as object)

/** The value that stands most often in a list, of equals the first. */
function commonest(values: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best))[0]
}

/** The final answer of a response to a question without a reference; null where there is none. Needs `canVote`. */
export async function answerOf(response: string, question: Verifiable, effects: Effects): Promise<string | null> {
  const reference = placeholders.get(verifierIdOf(question)) ?? null
  return (await verifyAnswer(response, { ...question, reference }, effects)).extracted
}
