import { flagsIn, lastFlag, withFlag } from "../../annotators/chat/thinking-flags.ts"
import { type FlagPlace, fusedSample } from "../../schemas/fused-sample.ts"
import type { MixtureFlags, MixtureRow } from "../../schemas/mixture.ts"
import { type Message, sample } from "../../schemas/sample.ts"
import type { ThinkingMode } from "../../schemas/source-sample.ts"
import { flagRankOf } from "../mixture/mixture.ts"
import { uniform } from "../runtime/fingerprint.ts"
import type { Row, RowStep } from "../runtime/step.ts"

/** How flags are put in; every draw is by seed and id of the row. */
export interface FlagOptions {
  /** Chance that a turn before the deciding one carries a flag too. */
  readonly earlier: number
  readonly seed: number
}

/**
 * Puts the flag of a sample's mode into its prompt: where its `own_flag` says, else where the plan of the mixture, the stage `side`, has it by
 * the rank of the row.
 */
export function insertFlags(side: string, options: FlagOptions): RowStep {
  const plans = new WeakMap<readonly Row[], Map<string, MixtureFlags>>()
  return {
    kind: "row",
    id: "insert-flags",
    version: 1,
    params: options,
    about: "Puts /think and /no_think into user turns or the system message",
    adds: { prompt: sample.columns.prompt, flag: fusedSample.columns.flag },
    run(row, sides) {
      const rows = sides.get(side) ?? []
      let plan = plans.get(rows)
      if (plan === undefined) {
        const planned = rows as unknown as readonly MixtureRow[]
        plan = new Map(planned.flatMap(({ flags }) => (flags === null ? [] : [[flags.mode, flags]])))
        plans.set(rows, plan)
      }
      const flag = (row.own_flag as FlagPlace | null) ?? placeOf(String(row.id), plan.get(String(row.mode))!, options)
      const sample = { id: String(row.id), mode: row.mode as ThinkingMode, prompt: row.prompt as Message[] }
      return { keep: [{ ...row, prompt: withFlags(sample, flag, options), flag }] }
    },
  }
}

function placeOf(id: string, { userUpTo, systemUpTo }: MixtureFlags, { seed }: FlagOptions): FlagPlace {
  const rank = flagRankOf(seed, id)
  return rank <= userUpTo ? "user" : rank <= systemUpTo ? "system" : "none"
}

/**
 * A prompt with the flag of its mode at `place`. A flag in a user turn stands in a random one of those behind the last flag that asks for
 * the other mode; turns before it that have none may get one too, of either mode. A prompt whose own last flag says the mode is left as
 * it is. The system message is made where there is none.
 */
export function withFlags(
  { id, mode, prompt }: { id: string; mode: ThinkingMode; prompt: readonly Message[] },
  place: FlagPlace,
  { earlier, seed }: FlagOptions,
): Message[] {
  const own = lastFlag(prompt)
  if (place === "none" || own?.mode === mode) return [...prompt]
  const flagged = (message: Message, of: ThinkingMode) => ({ ...message, content: withFlag(message.content, of) })
  if (place === "system")
    return prompt[0]?.role === "system"
      ? [flagged(prompt[0], mode), ...prompt.slice(1)]
      : [{ role: "system", content: withFlag("", mode) }, ...prompt]
  const draw = (...names: string[]) => uniform(seed, "flag", id, ...names)
  const turns = prompt.flatMap(({ role }, turn) => (role === "user" && turn > (own?.turn ?? -1) ? [turn] : []))
  const deciding = turns[Math.floor(draw("turn") * turns.length)]!
  return prompt.map((message, turn) => {
    if (turn === deciding) return flagged(message, mode)
    if (turn > deciding || message.role === "assistant" || flagsIn(message.content).length > 0) return message
    if (draw("earlier", String(turn)) >= earlier) return message
    return flagged(message, draw("mode", String(turn)) < 0.5 ? "thinking" : "non-thinking")
  })
}
