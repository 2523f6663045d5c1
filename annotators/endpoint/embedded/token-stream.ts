import type { LlamaGrammarEvaluationState, LlamaModel, Token } from "node-llama-cpp"
import type { ContextSlot } from "./context-slot.ts"
import { drawToken, type Sampling, uniformNumbers } from "./sampling.ts"

/** What to generate from a prompt. */
export interface Generation {
  prompt: readonly Token[]
  sampling: Sampling
  /** At least 1, or 0 together with `onPrompt`. Prompt and answer together must fit the context. */
  maxTokens: number
  /** Likeliest tokens to report at each place, or null for no log-probabilities. Not together with a grammar. */
  topLogprobs: number | null
  grammar: LlamaGrammarEvaluationState | null
  /**
   * Is told the log-probability of each token of the prompt, once, before the first token comes; that of the first is null.
   * Needs `topLogprobs`.
   */
  onPrompt?: ((logprobs: (TokenLogprobs | null)[]) => void) | undefined
}

/** One generated token; the one that ends the model's turn comes too, with `end`. */
export interface GeneratedToken {
  token: Token
  end: boolean
  logprobs: TokenLogprobs | null
}

/** Natural logarithms of the model's own probabilities over the whole vocabulary, before any sampling transform. */
export interface TokenLogprobs {
  chosen: number
  top: { token: Token; logprob: number }[]
}

/**
 * Generates on one slot. What comes depends on the generation alone: not on what the slot or its neighbours did before.
 * With log-probabilities the draw is made here over the model's own distribution, else inside llama.cpp: at a temperature
 * above 0 the two draw different tokens from one seed. Rejects with the signal's reason when aborted between tokens.
 */
export async function* generateTokens(
  slot: ContextSlot,
  model: LlamaModel,
  generation: Generation,
  signal: AbortSignal,
): AsyncGenerator<GeneratedToken, void, void> {
  const { topLogprobs, onPrompt } = generation
  if (topLogprobs !== null && onPrompt !== undefined) {
    const scored = await scorePrompt(slot, generation.prompt, topLogprobs, signal)
    onPrompt(scored.logprobs)
    if (generation.maxTokens === 0) return
    yield* untilEnd(drawnHere(slot, [], generation, topLogprobs, scored.next), model, generation, signal)
    return
  }
  const { rest } = await slot.prefill(generation.prompt, signal)
  const tokens =
    topLogprobs === null ? drawnByLlama(slot, rest, generation) : drawnHere(slot, rest, generation, topLogprobs, null)
  yield* untilEnd(tokens, model, generation, signal)
}

async function* untilEnd(
  tokens: AsyncGenerator<Drawn>,
  model: LlamaModel,
  generation: Generation,
  signal: AbortSignal,
): AsyncGenerator<GeneratedToken, void, void> {
  let count = 0
  for await (const { token, logprobs } of tokens) {
    const end = model.isEogToken(token)
    yield { token, end, logprobs }
    if (end || ++count === generation.maxTokens) return
    signal.throwIfAborted()
  }
}

type Drawn = Omit<GeneratedToken, "end">

async function* drawnByLlama(
  slot: ContextSlot,
  rest: Token[],
  { sampling, grammar }: Generation,
): AsyncGenerator<Drawn> {
  const tokens = slot.sequence.evaluate(rest, {
    temperature: sampling.temperature,
    topK: sampling.topK,
    topP: sampling.topP,
    minP: sampling.minP,
    seed: sampling.seed,
    yieldEogToken: true,
    ...(grammar ? { grammarEvaluationState: grammar } : {}),
  })
  for await (const token of tokens) yield { token, logprobs: null }
}

type Distribution = Map<Token, number>

/** The prompt's log-probabilities, and what the model expects after it: null where the prompt fills the context. */
async function scorePrompt(
  slot: ContextSlot,
  prompt: readonly Token[],
  topLogprobs: number,
  signal: AbortSignal,
): Promise<{ logprobs: (TokenLogprobs | null)[]; next: Distribution | null }> {
  const logprobs: (TokenLogprobs | null)[] = [null]
  let next: Distribution | null = null
  const report = (index: number, distribution: Distribution) => {
    const following = prompt[index + 1]
    if (following === undefined) next = distribution
    else logprobs.push(logprobsOf(distribution, following, topLogprobs))
  }
  await slot.score(prompt, report, signal)
  return { logprobs, next }
}

/** `first`: what the model expects after the tokens that are evaluated already, where it is known; then `rest` is empty. */
async function* drawnHere(
  slot: ContextSlot,
  rest: Token[],
  { sampling }: Generation,
  topLogprobs: number,
  first: Distribution | null,
): AsyncGenerator<Drawn> {
  const uniform = uniformNumbers(sampling.seed)
  let left = rest
  if (first !== null) {
    const token = drawToken(first, sampling, uniform)
    yield { token, logprobs: logprobsOf(first, token, topLogprobs) }
    left = [token]
  }
  // At temperature 0 llama.cpp leaves the distribution as the model gave it.
  const steps = slot.sequence.evaluateWithMetadata(
    left,
    { probabilities: true },
    { temperature: 0, yieldEogToken: true },
  )
  try {
    let step = await steps.next()
    while (!step.done) {
      const { probabilities } = step.value
      const token = drawToken(probabilities, sampling, uniform)
      yield { token, logprobs: logprobsOf(probabilities, token, topLogprobs) }
      step = await steps.next(token)
    }
  } finally {
    await steps.return()
  }
}

/** `distribution` comes from the likeliest token down. */
function logprobsOf(distribution: Distribution, chosen: Token, topLogprobs: number): TokenLogprobs {
  // llama.cpp's sum in 32 bits leaves the whole up to 0.0002 off 1.
  const total = Math.log(distribution.values().reduce((sum, probability) => sum + probability, 0))
  const top: TokenLogprobs["top"] = []
  for (const [token, probability] of distribution) {
    if (top.length === topLogprobs) break
    top.push({ token, logprob: Math.log(probability) - total })
  }
  return { chosen: Math.log(distribution.get(chosen) ?? 0) - total, top }
}
