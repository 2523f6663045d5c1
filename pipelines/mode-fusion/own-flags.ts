import { lastFlag, withoutFlags } from "../../annotators/chat/thinking-flags.ts"
import { nullable } from "../../schemas/columns.ts"
import { type FlagPlace, fusedSample } from "../../schemas/fused-sample.ts"
import type { FlagsConfig } from "../../schemas/mode-fusion-config.ts"
import { type Message, sample } from "../../schemas/sample.ts"
import type { RowStep } from "../runtime/step.ts"

/**
 * Says what the flags that a prompt brings along decide. `own_flag` is null where there are none and a place is free to choose; where the
 * last one asks for the sample's mode, its place; where it asks for the other mode and a user turn follows, `user`: the flag will stand
 * there. Without such a turn the sample is dropped (`flag-contradicts-mode`). With `existing: remove` all flags are taken out first, and a
 * user turn of which nothing is left drops the sample (`nothing-but-flags`).
 */
export const ownFlags = ({ existing }: Pick<FlagsConfig, "existing">): RowStep => ({
  kind: "row",
  id: "own-flags",
  version: 1,
  params: { existing },
  about: "Drops samples whose own flags ask for the other mode",
  adds: { prompt: sample.columns.prompt, own_flag: nullable(fusedSample.columns.flag) },
  run(row) {
    const given = row.prompt as Message[]
    const prompt = existing === "keep" ? given : given.map(bare)
    const empty = prompt.findIndex(({ role, content }) => role === "user" && content.trim() === "")
    if (empty >= 0) return { reason: "nothing-but-flags", evidence: { turn: empty } }
    const own = lastFlag(prompt)
    const keep = (place: FlagPlace | null) => ({ keep: [{ ...row, prompt, own_flag: place }] })
    if (own === null) return keep(null)
    if (own.mode === row.mode) return keep(prompt[own.turn]!.role as FlagPlace)
    if (prompt.some(({ role }, turn) => role === "user" && turn > own.turn)) return keep("user")
    return { reason: "flag-contradicts-mode", evidence: { turn: own.turn, flag: own.mode, mode: row.mode } }
  },
})

const bare = (message: Message): Message =>
  message.role === "assistant" ? message : { ...message, content: withoutFlags(message.content) }
