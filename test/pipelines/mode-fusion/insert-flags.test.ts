import { describe, expect, it } from "vitest"
import { askedMode, flagsIn } from "../../../annotators/chat/thinking-flags.ts"
import { withFlags } from "../../../pipelines/mode-fusion/insert-flags.ts"
import { ownFlags } from "../../../pipelines/mode-fusion/own-flags.ts"
import type { FlagPlace } from "../../../schemas/fused-sample.ts"
import type { Message } from "../../../schemas/sample.ts"

import { seeded } from "../../faults/random.ts"

const user = (content: string): Message => ({ role: "user", content })
const assistant = (content: string): Message => ({ role: "assistant", content })
const system = (content: string): Message => ({ role: "system", content })
const options = { earlier: 0.5, seed: 7 }
const dialogue = [user("a"), assistant("b"), user("c"), assistant("d"), user("e")]

describe("withFlags", () => {
  it("puts the flag behind the only user turn", () => {
    expect(withFlags({ id: "x", mode: "thinking", prompt: [user("2+2?")] }, "user", options)).toEqual([
      user("2+2? /think"),
    ])
    expect(withFlags({ id: "x", mode: "non-thinking", prompt: [user("2+2?")] }, "user", options)).toEqual([
      user("2+2? /no_think"),
    ])
  })
  it("puts it into the system message, which it makes where there is none", () => {
    expect(
      withFlags({ id: "x", mode: "thinking", prompt: [system("Be brief."), user("2+2?")] }, "system", options),
    ).toEqual([system("Be brief. /think"), user("2+2?")])
    expect(withFlags({ id: "x", mode: "non-thinking", prompt: [user("2+2?")] }, "system", options)).toEqual([
      system("/no_think"),
      user("2+2?"),
    ])
  })
  it("leaves a prompt without a flag as it is", () => {
    expect(withFlags({ id: "x", mode: "thinking", prompt: dialogue }, "none", options)).toEqual(dialogue)
  })
  it("in dialogues: every turn decides for some ids, earlier turns ask for either mode, and the last flag is the mode's", () => {
    const deciding = new Set<number>()
    let contrary = 0
    let flagged = 0
    for (let at = 0; at < 600; at++)
      for (const mode of ["thinking", "non-thinking"] as const) {
        const prompt = withFlags({ id: `row-${at}`, mode, prompt: [system("Be kind."), ...dialogue] }, "user", options)
        expect(askedMode(prompt)).toBe(mode)
        expect(prompt.map(({ role }) => role)).toEqual(["system", "user", "assistant", "user", "assistant", "user"])
        const withOne = prompt.flatMap(({ content }, turn) => (flagsIn(content).length > 0 ? [turn] : []))
        deciding.add(withOne.at(-1)!)
        flagged += withOne.length - 1
        contrary += withOne.slice(0, -1).filter((turn) => flagsIn(prompt[turn]!.content)[0]!.mode !== mode).length
        for (const { role, content } of prompt) if (role === "assistant") expect(flagsIn(content)).toEqual([])
      }
    expect([...deciding].sort()).toEqual([1, 3, 5])
    expect(contrary / flagged).toBeGreaterThan(0.4)
    expect(contrary / flagged).toBeLessThan(0.6)
  })
  it("without a chance for earlier flags there is exactly one", () => {
    for (let at = 0; at < 100; at++) {
      const prompt = withFlags({ id: `row-${at}`, mode: "thinking", prompt: dialogue }, "user", { earlier: 0, seed: 1 })
      expect(prompt.flatMap(({ content }) => flagsIn(content))).toHaveLength(1)
    }
  })
  it("depends on seed and id alone", () => {
    const of = (id: string, seed: number) =>
      JSON.stringify(withFlags({ id, mode: "thinking", prompt: dialogue }, "user", { earlier: 0.5, seed }))
    expect(of("a", 1)).toBe(of("a", 1))
    expect(new Set(Array.from({ length: 50 }, (_, seed) => of("a", seed))).size).toBeGreaterThan(3)
  })
  it("keeps to the flag that a prompt brings along, or puts its own behind it", () => {
    const own = [user("a /no_think"), assistant("b"), user("c")]
    expect(withFlags({ id: "x", mode: "non-thinking", prompt: own }, "user", options)).toEqual(own)
    expect(withFlags({ id: "x", mode: "thinking", prompt: own }, "user", options)).toEqual([
      user("a /no_think"),
      assistant("b"),
      user("c /think"),
    ])
  })
})

describe("own flags", () => {
  const run = (mode: string, prompt: Message[], existing: "keep" | "remove" = "keep") =>
    ownFlags({ existing }).run({ id: "x", mode, prompt }, new Map())
  it("leave the place free where there is none, a mention included", () => {
    expect(run("thinking", [user("What is in /no_think/x?")])).toMatchObject({ keep: [{ own_flag: null }] })
  })
  it("are the place where they say the mode", () => {
    expect(run("non-thinking", [user("a /no_think")])).toMatchObject({ keep: [{ own_flag: "user" }] })
    expect(run("non-thinking", [system("/no_think"), user("a")])).toMatchObject({ keep: [{ own_flag: "system" }] })
  })
  it("that say the other mode leave a later user turn, or drop the sample", () => {
    expect(run("thinking", [system("/no_think"), user("a")])).toMatchObject({ keep: [{ own_flag: "user" }] })
    expect(run("thinking", [user("a /no_think"), assistant("b"), user("c")])).toMatchObject({
      keep: [{ own_flag: "user" }],
    })
    expect(run("thinking", [user("a"), assistant("b"), user("c /no_think")])).toMatchObject({
      reason: "flag-contradicts-mode",
      evidence: { turn: 2, flag: "non-thinking", mode: "thinking" },
    })
    expect(run("non-thinking", [user("2+2? /think")])).toMatchObject({ reason: "flag-contradicts-mode" })
  })
  it("can be taken out", () => {
    expect(run("thinking", [user("a /no_think")], "remove")).toMatchObject({
      keep: [{ own_flag: null, prompt: [user("a")] }],
    })
    expect(run("thinking", [user("/no_think")], "remove")).toMatchObject({ reason: "nothing-but-flags" })
  })
})

it("over random dialogues, what own flags keep always ends up asking for its mode", () => {
  const random = seeded(23)
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!
  const pieces = [
    "/think",
    "/no_think",
    "`/think`",
    "/no_think/x",
    "word",
    "\n",
    "Why?",
    "```\n/think\n```",
    "/thinking",
  ]
  const text = () =>
    `${pick(["a", ""])}${Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(pieces)).join(" ")}`
  let kept = 0
  for (let round = 0; round < 4_000; round++) {
    const turns = Math.floor(random() * 4)
    const prompt = [
      ...(random() < 0.4 ? [system(text())] : []),
      ...Array.from({ length: turns }, () => [user(text()), assistant(text())]).flat(),
      user(text()),
    ]
    const mode = pick(["thinking", "non-thinking"] as const)
    const fate = ownFlags({ existing: pick(["keep", "remove"] as const) }).run(
      { id: `r${round}`, mode, prompt },
      new Map(),
    )
    if (fate === null || !("keep" in fate)) continue
    kept++
    const [row] = fate.keep
    const own = row!.own_flag as FlagPlace | null
    for (const place of own === null
      ? (["user", "system", ...(mode === "thinking" ? (["none"] as const) : [])] as const)
      : [own]) {
      const flagged = withFlags({ id: `r${round}`, mode, prompt: row!.prompt as Message[] }, place, {
        earlier: 0.5,
        seed: 3,
      })
      expect(askedMode(flagged), JSON.stringify({ prompt, flagged, place })).toBe(mode)
    }
  }
  expect(kept).toBeGreaterThan(1_500)
})
