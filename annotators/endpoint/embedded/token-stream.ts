import type { LlamaGrammarEvaluationState, LlamaModel, Token } from "node-llama-cpp"
import type { ContextSlot } from "./context-slot.ts"
import { drawToken, type Sampling, uniformNumbers } from "./sampling.ts"

/** What to generate from a prompt. */
export interface Generation {
  prompt: readonly Token[]
  sampling: Sampling
  /** At least 1. Prompt and answer together must fit the context. */
  maxTokens: number
  /** Likeliest tokens to report at each place, or null for no log-probabilities. Not together with a grammar. */
  topLogprobs: number | null
  grammar: LlamaGrammarEvaluationState | null
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
  const { rest } = await slot.prefill(generation.prompt, signal)
  const tokens =
    generation.topLogprobs === null
      ? drawnByLlama(slot, rest, generation)
      : drawnHere(slot, rest, generation, generation.topLogprobs)
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

async function* drawnHere(
  slot: ContextSlot,
  rest: Token[],
  { sampling }: Generation,
  topLogprobs: number,
): AsyncGenerator<Drawn> {
  const uniform = uniformNumbers(sampling.seed)
  // At temperature 0 llama.cpp leaves the distribution as the model gave it.
  const steps = slot.sequence.evaluateWithMetadata(
    rest,
    { probabilities: true },
    { temperature: 0, yieldEogToken: true },
  )
  try {
    let step = await steps.next()
    while (!step.done) {
      const { probabilities } = step.value
      const token = drawToken(probabilities, sampling, uniform)
      // llama.cpp's sum in 32 bits leaves the whole up to 0.0002 off 1.
      const total = Math.log(probabilities.values().reduce((sum, probability) => sum + probability, 0))
      const top: TokenLogprobs["top"] = []
      for (const [each, probability] of probabilities) {
        if (top.length === topLogprobs) break
        top.push({ token: each, logprob: Math.log(probability) - total })
      }
      yield { token, logprobs: { chosen: Math.log(probabilities.get(token) ?? 0) - total, top } }
      step = await steps.next(token)
    }
  } finally {
    await steps.return()
  }
}
