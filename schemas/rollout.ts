import { z } from "zod"
import { flag, float64, int32, list, nullable, type RowOf, struct, table, text, type ValueOf } from "./columns.ts"
import { judgement } from "./judgement.ts"
import { question } from "./question.ts"
import { rejection } from "./rejection.ts"
import { verdictName } from "./verdict.ts"

/** How a completion ended: at its own end, at the token limit, or by the server's filter. */
export const finish = z.enum(["stop", "length", "filtered"])
export type Finish = z.infer<typeof finish>

/** What the exchange of a rollout starts with that was made elsewhere and imported. */
export const importedPrefix = "import:"

/** One completion for one prompt, with its verdict. */
export const rollout = struct({
  /** Index of the sample among those of its prompt, from 0. */
  sample: int32(),
  /** -1 where it was made elsewhere. */
  seed: int32(),
  /** What stands between the think tags, or in the server's reasoning field; null when the model does not think apart. */
  thinking: nullable(text()),
  /** The response after the thinking. */
  answer: text(),
  finish: { ...text(), zod: finish },
  inputTokens: int32(),
  outputTokens: int32(),
  /** Model identity, as the config declares it. */
  model: text(),
  /** Id of the exchange in the run's ledger; `import:` and a hash where it was made elsewhere. */
  exchange: text(),
  verdict: { ...text(), zod: verdictName },
  extracted: nullable(text()),
  verdictReason: nullable(text()),
  /** What judges decided about it, in order. */
  judgements: list(judgement),
  /** The first response filter that dropped it; null while it stands. */
  rejection: nullable(rejection),
})
/** One completion of a question. */
export type Rollout = ValueOf<typeof rollout>

/** The answer that most of a question's drafts gave, different spellings of one value counted as one answer. */
export const vote = struct({
  /** The commonest spelling. */
  answer: text(),
  /** Drafts that gave it, drafts that gave any answer, and drafts that gave the second most frequent one. */
  votes: int32(),
  of: int32(),
  runnerUp: int32(),
  /** Ids of the voters' exchanges in the run's ledger. */
  exchanges: list(text()),
})
export type Vote = ValueOf<typeof vote>

/** Where a question's reference comes from: its source, or the majority of its drafts. */
export const referenceOrigin = z.enum(["source", "majority"])
export type ReferenceOrigin = z.infer<typeof referenceOrigin>

/** A question with its judgements and the rollouts of its prompt: what the drafting stages pass on. */
export const group = table("group", {
  ...question.columns,
  /** Null where there is no reference: the source has none, and no majority was found. */
  referenceOrigin: nullable({ ...text(), zod: referenceOrigin }),
  judgements: list(judgement),
  rollouts: list(rollout),
  /** Right answers among the verified rollouts. */
  correct: int32(),
  /** Rollouts with a verdict of correct or incorrect. */
  verified: int32(),
  /** correct / verified with its 95% interval (`annotators/pass-rate.ts`); null when none could be verified. */
  passRate: nullable(float64()),
  passRateLow: nullable(float64()),
  passRateHigh: nullable(float64()),
  /** What the drafts agree on where none has the source's reference, or the source has none; null where that was not asked. */
  vote: nullable(vote),
  /** True when the drafts agree on another answer than the source's reference. */
  suspect: flag(),
  /** True when the question is also put before humans. */
  review: flag(),
})
/** A question with its rollouts, as a row. */
export type Group = RowOf<typeof group>
