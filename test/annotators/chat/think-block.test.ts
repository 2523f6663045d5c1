import { describe, expect, it } from "vitest"
import { assistantContent, thinkBlockOf } from "../../../annotators/chat/think-block.ts"

describe("think blocks", () => {
  it("are written in the form that loaders keep", () => {
    expect(assistantContent("\n\nSo.\n", "\n\n4")).toBe("<think>\nSo.\n</think>\n\n4")
    expect(assistantContent(null, "4")).toBe("<think>\n\n</think>\n\n4")
  })
  it("are read back", () => {
    expect(thinkBlockOf("<think>\nSo.\n</think>\n\n4")).toEqual({ thinking: "\nSo.\n", answer: "\n\n4" })
    expect(thinkBlockOf("<think>\n\n</think>\n\n4")?.thinking?.trim()).toBe("")
    expect(thinkBlockOf(" <think>a</think>b")).toEqual({ thinking: "a", answer: "b" })
    expect(thinkBlockOf("4")).toEqual({ thinking: null, answer: "4" })
    expect(thinkBlockOf("4 <think>a</think>")).toEqual({ thinking: null, answer: "4 <think>a</think>" })
  })
  it("without an end are no blocks", () => expect(thinkBlockOf("<think>\nSo")).toBeNull())
  it("are trimmed in linear time", () => {
    expect(assistantContent(`a${"\n".repeat(1_000_000)}b`, "c").length).toBe(1_000_022)
  }, 2_000)
})
