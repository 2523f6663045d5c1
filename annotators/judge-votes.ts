import type { Effects } from "../pipelines/runtime/effect.ts"
import { RowError } from "../pipelines/runtime/errors.ts"
import type { Decision, Votes } from "../schemas/judgement.ts"
import { decisionAnswer, keptReason, readDecision } from "./decision-answer.ts"
import type { ChatRequest } from "./endpoint/chat.ts"
import type { Endpoint } from "./endpoint/endpoint.ts"
import { seedOf } from "./endpoint/seed.ts"
import { askForJson } from "./endpoint/structured.ts"

/** Most votes that a config may ask for. */
export const mostVotes = 64

/** What several votes of a judge came to. */
export interface VotedDecision {
  decision: Decision
  /** Of the first vote for the decision. */
  reason: string | null
  votes: Votes
  /** Ids of the exchanges of the votes that were read, in order. */
  exchanges: string[]
}

/** A vote that could not be read. */
type Unread = "unread"

/**
 * Asks a judge for {reason, decision} `count` times, each with a seed and a sample index of its own, one after the other, until a
 * majority of `count` is certain or out of reach: what is not needed is not paid for. Without a majority the decision is unsure. Throws the
 * RowError of the last vote that could not be read where those are the majority.
 */
export async function askForVotes(
  judge: Endpoint,
  effects: Effects,
  request: ChatRequest & { seed: number },
  count: number,
): Promise<VotedDecision> {
  const said: (Decision | Unread)[] = []
  const reasons: Partial<Record<Decision, string | null>> = {}
  const exchanges: string[] = []
  let fault: RowError | null = null
  while (!isSettled(said, count)) {
    const vote = said.length
    // The first vote is the one that is asked for where there is no other: raising `count` asks for the further ones alone.
    const seed = vote === 0 ? request.seed : seedOf(request.seed, "vote", vote)
    const options = { sample: vote, stride: mostVotes, read: readDecision }
    try {
      const { value, id } = await askForJson(judge, effects, { ...request, seed }, decisionAnswer, options)
      said.push(value.decision)
      exchanges.push(id)
      if (!(value.decision in reasons)) reasons[value.decision] = keptReason(value.reason)
    } catch (error) {
      if (!(error instanceof RowError) || error.reason !== "malformed-judgement") throw error
      fault = error
      said.push("unread")
    }
  }
  const winner = majorityOf(said, count)
  if (winner === "unread") throw fault!
  const decision = winner ?? "unsure"
  const votes = { yes: tally(said, "yes"), no: tally(said, "no"), unsure: tally(said, "unsure") }
  return { decision, reason: (winner && reasons[winner]) ?? null, votes, exchanges }
}

const outcomes = ["yes", "no", "unsure", "unread"] as const

const tally = (said: readonly (Decision | Unread)[], outcome: Decision | Unread): number =>
  said.filter((one) => one === outcome).length

/** What more than half of `count` votes say, of those so far; null where none has it. */
export const majorityOf = (said: readonly (Decision | Unread)[], count: number): Decision | Unread | null =>
  outcomes.find((outcome) => 2 * tally(said, outcome) > count) ?? null

/** True when no further vote can change what the votes come to. */
export function isSettled(said: readonly (Decision | Unread)[], count: number): boolean {
  const left = count - said.length
  const reachable = outcomes.some((outcome) => 2 * (tally(said, outcome) + left) > count)
  return left <= 0 || majorityOf(said, count) !== null || !reachable
}
