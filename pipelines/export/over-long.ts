import type { Tokenizer } from "../../annotators/chat/tokenizer.ts"
import type { SoundSample } from "./sample-fault.ts"

/** What ends a thinking that was cut: the words of the family's thinking budget (Qwen3 Technical Report, section 4.3). */
export const budgetSentence =
  "Considering the limited time by the user, I have to give the solution based on the thinking directly now."

/**
 * The sample with its thinking cut so that it has at most `maxLength` tokens, ended as the family ends a thinking that reaches its budget;
 * the answer stays whole. Null where that cannot be: there is no thinking, or the rest alone is too long. `lengthOf` counts a sample's tokens.
 */
export function cutThinking(
  sample: SoundSample,
  maxLength: number,
  tokenizer: Tokenizer,
  lengthOf: (sample: SoundSample) => number,
): SoundSample | null {
  if (sample.thinking === "") return null
  const ids = tokenizer.encode(sample.thinking)
  const around = lengthOf(withThinking(sample, budgetSentence))
  let kept = Math.min(ids.length - 1, maxLength - around)
  // Where the pieces meet, tokens may join differently; a few tries come below the limit.
  for (let tries = 0; tries < 16 && kept > 0; tries++) {
    const thinking = tokenizer
      .decode(ids.subarray(0, kept))
      .replace(/\ufffd+$/, "")
      .trimEnd()
    if (thinking === "") return null
    const cut = withThinking(sample, `${thinking}\n\n${budgetSentence}`)
    const over = lengthOf(cut) - maxLength
    if (over <= 0) return cut
    kept -= over
  }
  return null
}

function withThinking(sample: SoundSample, thinking: string): SoundSample {
  const content = `<think>\n${thinking}\n</think>\n\n${sample.answer}`
  return { ...sample, thinking, completion: [{ role: "assistant", content }] }
}
