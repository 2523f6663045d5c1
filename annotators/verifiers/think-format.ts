import { z } from "zod"
import type { Verdict } from "../../schemas/verdict.ts"
import { controlToken } from "../chat/control-tokens.ts"
import { closeTag, openTag } from "../chat/think-tags.ts"
import { correct, incorrect, type RuleVerifier, readOptions, unverifiable, type VerifierInput } from "./verifier.ts"

const options = z.strictObject({
  opening: z.enum(["required", "optional"]).default("required").meta({
    description: "Whether a thinking completion may lack its <think>, where the template's prompt ends with it",
  }),
  block: z
    .enum(["required", "optional"])
    .default("required")
    .meta({ description: "Whether a non-thinking completion must start with the empty block" }),
})

const reference = z.union([
  z.strictObject({ mode: z.enum(["thinking", "non-thinking"]) }).transform(({ mode }) => mode),
  z.enum(["thinking", "non-thinking"]),
])
type Mode = z.output<typeof reference>

const noMode = 'the reference is no {"mode": "thinking" | "non-thinking"}'

/**
 * The format of the two modes (Qwen3 report, sections 4.3 and 4.4). `thinking`: exactly one block of thinking that is not empty, at the
 * start, then an answer. `non-thinking`: the empty block, then an answer. Tags count wherever they stand, in code as well: a tokenizer
 * makes each of them a control token. A turn's end (`<|im_end|>`) may close the completion; any other control token is wrong, but for
 * blocks of tool calls in the answer.
 */
export const thinkFormat: RuleVerifier = {
  kind: "rule",
  id: "think-format",
  version: 1,
  about: "The think tags of a completion: one block at the start, or the empty one",
  reference: '{"mode": "thinking"} or {"mode": "non-thinking"}',
  options,
  fault(given, settings) {
    const read = readOptions(options, settings)
    if ("fault" in read) return read.fault
    return modeOf(given) === null ? noMode : null
  },
  verify,
}

function modeOf(given: unknown): Mode | null {
  let value = given
  if (typeof given === "string" && /^\s*\{/.test(given.slice(0, 200))) {
    try {
      value = JSON.parse(given)
    } catch {
      return null
    }
  }
  const read = reference.safeParse(value)
  return read.success ? read.data : null
}

function verify({ completion, reference: given, options: settings }: VerifierInput): Verdict {
  const read = readOptions(options, settings)
  if ("fault" in read) return unverifiable(read.fault)
  const mode = modeOf(given)
  if (mode === null) return unverifiable(noMode)
  const text = withoutTurnEnd(completion)
  const found = mode === "thinking" ? thinkingAnswer(text, read.value.opening) : plainAnswer(text, read.value.block)
  if ("wrong" in found) return incorrect(text.trim(), found.wrong)
  const stray = strayToken(found.thinking) ?? strayToken(withoutCalls(found.answer))
  if (stray !== null) return incorrect(found.answer.trim(), `a control token in the text: ${stray}`)
  if (!hasInk(found.answer)) return incorrect("", "no answer after the block")
  return correct(found.answer.trim())
}

type Found = { thinking: string; answer: string } | { wrong: string }

function thinkingAnswer(text: string, opening: "required" | "optional"): Found {
  const opens = count(text, openTag)
  const closes = count(text, closeTag)
  const starts = text.trimStart().startsWith(openTag)
  if (opens === 0 && closes === 0) return { wrong: "no think block" }
  if (opens > 0 && closes === 0) return { wrong: "the think block is never closed" }
  if (opens === 0 && opening === "required") return { wrong: "a closing tag without an opening one" }
  if (opens > 1 || closes > 1) return { wrong: nestedOrSeveral(text) }
  if (opens === 1 && !starts) return { wrong: "the think block is not at the start" }
  const from = opens === 0 ? 0 : text.indexOf(openTag) + openTag.length
  const close = text.indexOf(closeTag)
  if (close < from) return { wrong: "the closing tag stands before the opening one" }
  const thinking = text.slice(from, close)
  if (!hasInk(thinking)) return { wrong: "the think block is empty" }
  return { thinking, answer: text.slice(close + closeTag.length) }
}

function plainAnswer(text: string, block: "required" | "optional"): Found {
  const opens = count(text, openTag)
  const closes = count(text, closeTag)
  if (opens === 0 && closes === 0)
    return block === "optional" ? { thinking: "", answer: text } : { wrong: "no empty think block" }
  if (closes === 0) return { wrong: "the think block is never closed" }
  if (opens === 0) return { wrong: "a closing tag without an opening one" }
  if (opens > 1 || closes > 1) return { wrong: nestedOrSeveral(text) }
  if (!text.trimStart().startsWith(openTag)) return { wrong: "the think block is not at the start" }
  const from = text.indexOf(openTag) + openTag.length
  const close = text.indexOf(closeTag)
  if (hasInk(text.slice(from, close))) return { wrong: "thinking in a non-thinking completion" }
  return { thinking: "", answer: text.slice(close + closeTag.length) }
}

function nestedOrSeveral(text: string): string {
  const second = text.indexOf(openTag, text.indexOf(openTag) + 1)
  const nested = second >= 0 && second < text.indexOf(closeTag)
  if (nested) return "a think block inside another"
  return count(text, openTag) > 1 ? "several think blocks" : "several closing tags"
}

/** Occurrences, counted up to two: what is wrong with two is wrong with more. */
function count(text: string, tag: string): number {
  const first = text.indexOf(tag)
  if (first < 0) return 0
  return text.indexOf(tag, first + tag.length) < 0 ? 1 : 2
}

const withoutTurnEnd = (text: string) => text.replace(/(?:<\|im_end\|>\s*)?(?:<\|endoftext\|>\s*)?$/, "")

const withoutCalls = (text: string) =>
  text.includes("<tool_call>") ? text.replace(/<tool_call>(?:(?!<\/?tool_call>)[\s\S])*<\/tool_call>/g, "") : text

const strayToken = (text: string): string | null => controlToken.exec(text)?.[0] ?? null

/** True when a reader would see anything. */
const hasInk = (text: string) => /[^\s\p{C}]/u.test(text)
