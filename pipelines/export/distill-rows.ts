// F5 of the handoff: completions of a student with the log-probabilities that a teacher gave them. The neutral form, from which a trainer
// of its own takes forward or reverse KL with a bucket for the tail.

import { type DistillRow, distillRow } from "../../schemas/distill-row.ts"
import type { HandoffShard } from "../../schemas/handoff-manifest.ts"
import { usageError } from "../runtime/errors.ts"
import type { Row } from "../runtime/step.ts"
import { ShardFolder } from "./shard-folder.ts"

/** A model of a distillation: SHA-256 of its checkpoint and of its tokenizer.json. */
export interface DistilledModel {
  readonly digest: string
  readonly tokenizerDigest: string
}

export interface DistillOptions {
  readonly student: DistilledModel
  readonly teacher: DistilledModel
  /** Places of the teacher's likeliest tokens that are stored. */
  readonly k: number
  /** Of the student's sampling. */
  readonly temperature: number
  /** Ends every completion. */
  readonly endOfTurn: number
}

/** One completion before it is stored: T tokens, T * k places of the teacher, likeliest first. */
export interface Distilled {
  readonly id: string
  readonly promptIds: Int32Array
  readonly completionIds: Int32Array
  readonly studentLogprobs: Float32Array
  readonly teacherLogprobs: Float32Array
  readonly topkIds: Int32Array
  readonly topkLogprobs: Float32Array
  /** The student's optimiser step. */
  readonly step: number
}

/** Room for single precision and for teachers that round. */
const slack = 1e-3

/**
 * Writes completions to `distill/train-00000.parquet` and so on. Refuses two models whose tokenizers differ (a usageError), and each row that
 * does not hold together with the reason, so that the caller counts it.
 */
export class DistillRows {
  readonly #options: DistillOptions
  readonly #folder: ShardFolder

  constructor(root: string, options: DistillOptions) {
    const { student, teacher, k } = options
    if (student.tokenizerDigest !== teacher.tokenizerDigest)
      throw usageError({
        what: "Student and teacher have different tokenizers: their token ids do not mean the same",
        expected: `the student's, SHA-256 ${student.tokenizerDigest}`,
        got: teacher.tokenizerDigest,
        remedy: "Distil from a model of the same family, or off-policy from its texts.",
      })
    if (!(Number.isSafeInteger(k) && k > 0))
      throw usageError({ what: "Cannot take k", expected: "a whole number of places, at least 1", got: `${k}` })
    this.#options = options
    this.#folder = new ShardFolder(root, { folder: "distill", name: "train", schema: distillRow.schema })
  }

  /** Takes a row, or says why it cannot be one. */
  async add(row: Distilled): Promise<{ reason: string } | null> {
    const { student, teacher, k, temperature, endOfTurn } = this.#options
    const reason = distillFault(row, k, endOfTurn)
    if (reason !== null) return { reason }
    const { id, promptIds, completionIds, studentLogprobs, teacherLogprobs, topkIds, topkLogprobs, step } = row
    const stored: DistillRow = {
      id,
      prompt_ids: [...promptIds],
      completion_ids: [...completionIds],
      student_logprobs: [...studentLogprobs],
      teacher_logprobs: [...teacherLogprobs],
      topk_ids: [...topkIds],
      topk_logprobs: [...topkLogprobs],
      tail_logprobs: [...tailLogprobs(topkLogprobs, k)],
      student_digest: student.digest,
      teacher_digest: teacher.digest,
      tokenizer_digest: student.tokenizerDigest,
      step: BigInt(step),
      temperature,
      k,
    }
    const trainedTokens = completionIds.length
    await this.#folder.add(stored as unknown as Row, {
      tokens: promptIds.length + trainedTokens,
      trainedTokens,
      weight: promptIds.length + trainedTokens * (4 + 2 * k),
    })
    return null
  }

  close(): Promise<HandoffShard[]> {
    return this.#folder.close()
  }

  abort(): Promise<void> {
    return this.#folder.abort()
  }
}

/** Why a completion's numbers do not hold together, in a word; null where they do. */
export function distillFault(
  { completionIds, studentLogprobs, teacherLogprobs, topkIds, topkLogprobs, promptIds, step }: Distilled,
  k: number,
  endOfTurn: number,
): string | null {
  const tokens = completionIds.length
  if (promptIds.length === 0) return "no-prompt"
  if (tokens === 0) return "no-completion"
  if (completionIds.at(-1) !== endOfTurn) return "no-end"
  if (!Number.isSafeInteger(step) || step < 0) return "no-step"
  if (studentLogprobs.length !== tokens || teacherLogprobs.length !== tokens) return "lengths-differ"
  if (topkIds.length !== tokens * k || topkLogprobs.length !== tokens * k) return "lengths-differ"
  for (const logprobs of [studentLogprobs, teacherLogprobs, topkLogprobs])
    if (!logprobs.every((logprob) => Number.isFinite(logprob) && logprob <= slack)) return "no-log-probability"
  for (let token = 0; token < tokens; token++) {
    const ids = topkIds.subarray(token * k, (token + 1) * k)
    const logprobs = topkLogprobs.subarray(token * k, (token + 1) * k)
    if (new Set(ids).size < k) return "places-repeat"
    if (logprobs.some((logprob, at) => at > 0 && logprob > logprobs[at - 1]! + slack)) return "places-out-of-order"
    if (logprobs.reduce((sum, logprob) => sum + Math.exp(logprob), 0) > 1 + slack) return "mass-above-one"
    // The sampled token is among the teacher's likeliest exactly when it is likelier than the last of them.
    const at = ids.indexOf(completionIds[token]!)
    if (at >= 0 && Math.abs(logprobs[at]! - teacherLogprobs[token]!) > 0.01) return "teacher-contradicts-itself"
    if (at < 0 && teacherLogprobs[token]! > logprobs.at(-1)! + 0.01) return "teacher-contradicts-itself"
  }
  return null
}

/** Least probability of a tail: a logarithm of 0 has no place in a loss. */
const leastTail = 1e-8

/** The logarithm of the mass that k places leave, for each token. */
export function tailLogprobs(topkLogprobs: Float32Array, k: number): Float32Array {
  const tails = new Float32Array(topkLogprobs.length / k)
  for (let token = 0; token < tails.length; token++) {
    let mass = 0
    for (let at = token * k; at < (token + 1) * k; at++) mass += Math.exp(topkLogprobs[at]!)
    tails[token] = Math.log(Math.max(leastTail, 1 - mass))
  }
  return tails
}
