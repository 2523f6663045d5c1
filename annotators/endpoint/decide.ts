import type { Effects } from "../../pipelines/runtime/effect.ts"
import { stopError } from "../../pipelines/runtime/errors.ts"
import { logprobsAbility } from "./abilities.ts"
import type { ChatRequest, TokenLogprob } from "./chat.ts"
import type { Endpoint } from "./endpoint.ts"

/** Least probability of yes and no together: below it the model wanted to say something else, and what is left of them is noise. */
const leastMass = 1e-3

/** How likely a judge's first token means yes. */
export interface Leaning {
  /** Share of yes in the probability of yes and no together; null (unsure) when the two together are unlikely. */
  probability: number | null
  /** Id of the exchange in the ledger. */
  id: string
}

/**
 * Lets a judge decide by the probabilities of its first token: one token is asked for, and the variants of yes and of no
 * (in any case, with or without a leading space) are summed up. Throws a stop error where the server reports none.
 */
export async function decideByLogprobs(
  endpoint: Endpoint,
  effects: Effects,
  request: Omit<ChatRequest, "maxTokens" | "topLogprobs">,
  words: { yes: readonly string[]; no: readonly string[] },
  sample = 0,
): Promise<Leaning> {
  const { value: ability } = await effects.settle(logprobsAbility(endpoint))
  if (ability.top === 0)
    throw stopError({
      what: `the ${endpoint.role} endpoint reports no log-probabilities, so it cannot decide by them`,
      where: `models.${endpoint.role}`,
      remedy: "decide by schema instead, or serve the model with log-probabilities",
    })
  const effect = endpoint.chat({ ...request, maxTokens: 1, topLogprobs: ability.top }, sample)
  const { id, value } = await effects.settle(effect)
  return { id, probability: leaningOf(value.logprobs?.[0], words) }
}

/** Probability of yes among yes and no at one token's place; null when the two together have less than a thousandth. */
export function leaningOf(
  token: TokenLogprob | undefined,
  words: { yes: readonly string[]; no: readonly string[] },
): number | null {
  if (token === undefined) return null
  const yes = new Set(words.yes.map(plain))
  const no = new Set(words.no.map(plain))
  // The sampled token stands among the likeliest ones on some servers and beside them on others.
  const logprobs = new Map([[token.token, token.logprob], ...token.top])
  let ofYes = 0
  let ofNo = 0
  for (const [text, logprob] of logprobs) {
    if (yes.has(plain(text))) ofYes += Math.exp(logprob)
    else if (no.has(plain(text))) ofNo += Math.exp(logprob)
  }
  return ofYes + ofNo < leastMass ? null : ofYes / (ofYes + ofNo)
}

/** Vocabularies write a leading space as U+2581 or U+0120. */
const plain = (token: string): string =>
  token
    .replace(/^[\u2581\u0120]+/, "")
    .trim()
    .toLowerCase()
