import { describe, expect, it } from "vitest"
import { askedMode, flagsIn, lastFlag, withFlag, withoutFlags } from "../../../annotators/chat/thinking-flags.ts"
import { seeded } from "../../faults/random.ts"

const modes = (text: string) => flagsIn(text).map(({ mode }) => mode)

describe("flagsIn", () => {
  it.each([
    ["What is 2+2? /think", ["thinking"]],
    ["What is 2+2? /no_think", ["non-thinking"]],
    ["What is 2+2?\n/no_think", ["non-thinking"]],
    ["What is 2+2? /no_think \n\t", ["non-thinking"]],
    ["What is 2+2?\u00a0/no_think", ["non-thinking"]],
    ["/no_think What is 2+2?", ["non-thinking"]],
    ["/think", ["thinking"]],
    ["First line.\n/no_think\nSecond line.", ["non-thinking"]],
    ["First line.\r\n  /think  \r\nSecond line.", ["thinking"]],
    ["```\nls\n```\n/no_think\nWhat is that?", ["non-thinking"]],
    ["Do it. /think /no_think", ["thinking", "non-thinking"]],
    ["/think Do it. /no_think", ["thinking", "non-thinking"]],
  ])("finds the flags of %j", (text, found) => expect(modes(text)).toEqual(found))

  it.each([
    "",
    "Open /think/x and read it",
    "ls /think/",
    "What is in /home/think",
    "https://example.org/think",
    "and/think",
    "/thinking",
    "/think_",
    "/no_thinking",
    "/no-think",
    "/No_Think",
    "no_think",
    "Run `cd /think && ls` first",
    "What does `/no_think`",
    'What does "/think"',
    "Explain /no_think.",
    "Explain the /think command to me",
    "The folder /think holds files",
    "Is it /think?",
    "a //think",
    "</think>",
    "What does this do?\n```\n/think\n```",
    "~~~\nls\n/no_think\n~~~\nWhat is that?",
  ])("finds none in %j", (text) => expect(modes(text)).toEqual([]))

  it("gives offsets in order", () => {
    const text = "/think\nWhat?\n/no_think"
    expect(flagsIn(text).map(({ start, end }) => text.slice(start, end))).toEqual(["/think", "/no_think"])
  })

  it("takes linear time over hostile text", () => {
    for (const text of [
      "/think ".repeat(200_000),
      " ".repeat(1_000_000),
      `${"/think x ".repeat(100_000)}${"\n".repeat(300_000)}y`,
    ])
      expect(flagsIn(text).length).toBeLessThanOrEqual(200_000)
  }, 5_000)
})

describe("the last flag decides", () => {
  const user = (content: string) => ({ role: "user", content })
  it("over turns and the system message", () => {
    const system = { role: "system", content: "Be brief. /no_think" }
    expect(askedMode([system, user("Hi")])).toBe("non-thinking")
    expect(askedMode([system, user("Hi /think")])).toBe("thinking")
    expect(askedMode([user("Hi /no_think"), { role: "assistant", content: "Hi /think" }, user("And?")])).toBe(
      "non-thinking",
    )
    expect(askedMode([user("Hi /think /no_think")])).toBe("non-thinking")
  })
  it("and without one thinking is the default", () => {
    expect(askedMode([user("What is in /no_think/x?")])).toBe("thinking")
    expect(lastFlag([{ role: "assistant", content: "/no_think" }])).toBeNull()
  })
})

describe("withFlag and withoutFlags", () => {
  it("put a flag behind one space", () => {
    expect(withFlag("What? \n", "thinking")).toBe("What? /think")
    expect(withFlag("", "non-thinking")).toBe("/no_think")
  })
  it.each([
    ["What? /think", "What?"],
    ["/no_think What?", "What?"],
    ["a\n/think\nb", "a\nb"],
    ["Do it. /think /no_think \n", "Do it."],
    ["/think /no_think", ""],
    ["cd /think && ls", "cd /think && ls"],
  ])("take the flags out of %j", (text, bare) => expect(withoutFlags(text)).toBe(bare))

  it("undo each other over random texts", () => {
    const random = seeded(5)
    const parts = ["/think", "/no_think", "/think/x", "word", " ", "\n", "  ", "é", "`", "。", "\u3000"]
    for (let round = 0; round < 5_000; round++) {
      const text = Array.from(
        { length: Math.floor(random() * 9) },
        () => parts[Math.floor(random() * parts.length)]!,
      ).join("")
      const mode = random() < 0.5 ? "thinking" : "non-thinking"
      expect(flagsIn(withFlag(text, mode)).at(-1)?.mode, JSON.stringify(text)).toBe(mode)
      const bare = withoutFlags(withFlag(text, mode))
      // What is left of a text whose first flags are gone may begin with a former mention: then that one is a flag.
      expect(flagsIn(bare).length, JSON.stringify(text)).toBeLessThanOrEqual(flagsIn(text).length + 1)
      expect(withoutFlags("plain")).toBe("plain")
    }
  })
})
