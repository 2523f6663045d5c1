import { flagsIn, lastFlag, withFlag, withoutFlags } from "../../annotators/chat/thinking-flags.ts"
import { type FlagPlace, fusedSample } from "../../schemas/fused-sample.ts"
import type { FlagsConfig } from "../../schemas/mode-fusion-config.ts"
import { type Message, sample } from "../../schemas/sample.ts"
import type { ThinkingMode } from "../../schemas/source-sample.ts"
import { uniform } from "../runtime/fingerprint.ts"
import type { Reason, RowStep } from "../runtime/step.ts"

/** How flags are put in; every draw is by seed and id of the row. */
export type FlagOptions = FlagsConfig & { readonly seed: number }

/**
 * Puts the flag of a sample's mode into its prompt and says where the deciding one stands. A prompt whose own last flag says the mode is
 * left as it is. One whose own last flag says the other mode gets its flag in a later user turn, and is dropped
 * (`flag-contradicts-mode`) where there is none.
 */
export const insertFlags = (options: FlagOptions): RowStep => ({
  kind: "row",
  id: "insert-flags",
  version: 1,
  params: options,
  about: "Puts /think and /no_think into user turns or the system message",
  adds: { prompt: sample.columns.prompt, flag: fusedSample.columns.flag },
  run(row) {
    const placed = placeFlag(row.prompt as Message[], row.mode as ThinkingMode, String(row.id), options)
    if ("reason" in placed) return placed
    return { keep: [{ ...row, ...placed }], tally: { [`${String(row.mode)}: ${placed.flag}`]: 1 } }
  },
})

/** The prompt with its flags, and where the deciding one stands. */
export function placeFlag(
  given: readonly Message[],
  mode: ThinkingMode,
  id: string,
  options: FlagOptions,
): Reason | { prompt: Message[]; flag: FlagPlace } {
  const draw = (...names: string[]) => uniform(options.seed, "flag", id, ...names)
  const prompt = given.map((message) =>
    options.existing === "remove" && message.role !== "assistant"
      ? { ...message, content: withoutFlags(message.content) }
      : message,
  )
  if (options.existing === "remove") {
    const bare = prompt.findIndex(({ role, content }) => role === "user" && content.trim() === "")
    if (bare >= 0) return { reason: "nothing-but-flags", evidence: { turn: bare } }
  }
  const own = lastFlag(prompt)
  if (own?.mode === mode) return { prompt, flag: prompt[own.turn]!.role as FlagPlace }
  const turns = prompt.flatMap(({ role }, turn) => (role === "user" && turn > (own?.turn ?? -1) ? [turn] : []))
  if (turns.length === 0)
    return { reason: "flag-contradicts-mode", evidence: { turn: own?.turn, flag: own?.mode, mode } }
  const place = own === null ? placeOf(mode, draw("place"), options) : "user"
  if (place === "none") return { prompt, flag: "none" }
  if (place === "system") {
    const [first, ...rest] = prompt
    const flagged =
      first!.role === "system"
        ? [{ ...first!, content: withFlag(first!.content, mode) }, ...rest]
        : [{ role: "system", content: withFlag("", mode) }, ...prompt]
    return { prompt: flagged, flag: "system" }
  }
  const deciding = turns[Math.floor(draw("turn") * turns.length)]!
  for (const [turn, message] of prompt.entries()) {
    if (turn > deciding || message.role === "assistant") continue
    if (turn === deciding) prompt[turn] = { ...message, content: withFlag(message.content, mode) }
    else if (flagsIn(message.content).length === 0 && draw("earlier", String(turn)) < options.earlier) {
      const other = draw("mode", String(turn)) < 0.5 ? "thinking" : "non-thinking"
      prompt[turn] = { ...message, content: withFlag(message.content, other) }
    }
  }
  return { prompt, flag: "user" }
}

/** The place that a draw in [0, 1) falls on. */
function placeOf(mode: ThinkingMode, draw: number, { thinking, nonThinking }: FlagOptions): FlagPlace {
  const weights = mode === "thinking" ? thinking : { ...nonThinking, none: 0 }
  const places = ["user", "system", "none"] as const
  let left = draw * (weights.user + weights.system + weights.none)
  for (const place of places) {
    if (left < weights[place]) return place
    left -= weights[place]
  }
  return places.findLast((place) => weights[place] > 0)!
}
