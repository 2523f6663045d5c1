import type { ResponsePrompt } from "../annotators/response-prompt.ts"
import { readValue } from "../annotators/verifiers/math-value.ts"
import { type Verifiable, verifierVersions } from "../annotators/verify-answer.ts"
import type { Row } from "../pipelines/runtime/step.ts"
import { lastConclusion } from "./conclusions.ts"
import { type FinalAnswer, finalAnswerOf, sameAnswer } from "./final-answer.ts"
import type { CriterionReading, ResponseCriterion } from "./judged-response.ts"
import { type Response, responseOf } from "./response.ts"
import { excerptOf, type Span } from "./span.ts"
import { statementsOf } from "./statements.ts"

/**
 * Thinking and summary that disagree, the fourth response criterion of the Qwen3 report (arXiv 2505.09388, section 4.1). The answer is
 * read from the answer part and from the last conclusion of the thinking, as the question's verifier reads it, and both are compared with the
 * verifier's equality. A difference drops the response only where nothing behind the conclusion speaks for the answer. What cannot be
 * compared is for a judge: programs, free text, thinking without a conclusion. Reads `question`, `thinking`, `answer` and what says
 * how the answer is verified.
 */
export const summaryDisagrees = (prompt: ResponsePrompt): ResponseCriterion => ({
  id: "summary-disagrees",
  version: 1,
  params: { verifiers: verifierVersions },
  about: "Drops responses whose answer is not what their thinking came to",
  prompt,
  read(row: Row): CriterionReading {
    const response = responseOf(row)
    if (response.thinking.trim() === "") return { doubt: false, evidence: { compared: "no thinking" } }
    const comparison = compared(response, row as unknown as Verifiable)
    const { outcome, thought, answered, span } = comparison
    const evidence = { compared: outcome, thought, answered, ...(span && { part: "thinking", spans: [span] }) }
    if (outcome !== "different") return { doubt: outcome !== "same", evidence }
    const text = excerptOf(response.thinking, span ?? undefined)
    return { drop: { reason: "summary-disagrees", evidence: { ...evidence, text } } }
  },
})

interface Compared {
  readonly outcome: "same" | "different" | "doubtful" | "no answer" | "no conclusion"
  readonly thought: string | null
  readonly answered: string | null
  /** Where the thinking's conclusion stands. */
  readonly span: Span | null
}

function compared({ thinking, answer }: Response, row: Verifiable): Compared {
  const final = finalAnswerOf(answer, row)
  if (final === null) return { outcome: "no answer", thought: null, answered: null, span: null }
  const answered = final.text
  const conclusion = lastConclusion(thinking, final, row)
  if (conclusion === null)
    return { outcome: isResult(thinking, final) ? "same" : "no conclusion", thought: null, answered, span: null }
  const { span, said, kind, retracted } = conclusion
  const found = (outcome: Compared["outcome"]): Compared => ({ outcome, thought: said, answered, span })
  const same = sameAnswer(said, final)
  if (same === true) return found("same")
  if (same === false && kind !== "stated" && isOneQuantity(thinking.slice(...span), said, answer, final.text))
    return found("different")
  // The same statement, or one after it, may give the answer in another way, or correct itself.
  const behind = kind !== "stated" ? Math.max(span[0], thinking.slice(0, span[1]).lastIndexOf(said)) : span[0]
  if (isMentioned(thinking.slice(behind), final)) return found(kind === "stated" && !retracted ? "doubtful" : "same")
  // What the answer names as well, it goes on from; what is about right is not the result.
  const goesOn =
    isNamed(answer.replace(answered, " "), said) ||
    approximate.test(thinking.slice(span[0], thinking.indexOf(said, span[0])))
  if (same === null || retracted || goesOn || !isComparable(said, final) || areHundredfold(said, answered))
    return found("doubtful")
  // Without words that say so, a result is the thinking's only where the answer is nothing that it came by.
  if (kind !== "stated" && (isResult(thinking, final) || isMentioned(thinking.slice(lastOf(thinking)), final)))
    return found("doubtful")
  if (kind === "last" && isOneStepAway(thinking, answered)) return found("doubtful")
  return found("different")
}

function isMentioned(text: string, { mention }: Pick<FinalAnswer, "mention">): boolean {
  if (mention === null) return false
  mention.lastIndex = 0
  return mention.test(text)
}

/** Words that carry nothing in "29 apples are left". */
const idle = /\b(?:are|is|was|were|the|a|an|of|in|will|be|has|have)\b/gi

/**
 * True when two values stand for one quantity by the words around them: "29 apples are left" and "36 apples left", 还剩29个 and 还剩36个. Needs
 * two words behind both, or two characters in front and one behind.
 */
function isOneQuantity(thought: string, said: string, answer: string, answered: string): boolean {
  const [a, b] = [around(thought, said), around(answer, answered)]
  if (a === null || b === null) return false
  const words = (text: string) =>
    text
      .replace(idle, " ")
      .toLowerCase()
      .match(/^[\s$*}]*(\p{Script=Latin}+)[\s,]+(\p{Script=Latin}+)/u)
  const [one, other] = [words(a.behind), words(b.behind)]
  if (one && other) return one[1] === other[1] && one[2] === other[2]
  const [left, right] = [hanAround(a), hanAround(b)]
  return left !== null && left === right
}

/** Two characters in front of a value and one behind it. */
function hanAround({ before, behind }: Around): string | null {
  const front = /\p{Script=Han}{2}(?=\s*$)/u.exec(before)
  const back = /^\s*(\p{Script=Han})/u.exec(behind)
  return front && back ? front[0] + back[1] : null
}

interface Around {
  before: string
  behind: string
}

/** What stands around the last place of a value; box and marks around it left out. */
function around(text: string, value: string): Around | null {
  const plain = text.replace(/\\boxed\{([^{}]*)\}/g, "$1").replace(/[*$]/g, "")
  const at = plain.lastIndexOf(value)
  return at < 0
    ? null
    : { before: plain.slice(Math.max(0, at - 16), at), behind: plain.slice(at + value.length, at + value.length + 48) }
}

/** Whether the answer stands right behind an equals sign, in a statement without one, or in front of its ground. */
function isResult(thinking: string, { mention }: FinalAnswer): boolean {
  if (mention === null) return false
  const behind = new RegExp(`[=≈:：]\\s*[$€£¥(\\\\]*(?:${mention.source})`, "iu")
  return statementsOf(thinking).some((span) => {
    const text = thinking.slice(...span)
    // "She needs 9 because 72 / 8 = 9" says its result first.
    const said = /^(.*?)(?:\b(?:because|since)\b|因为)/.exec(text)?.[1] ?? (/[=≈]/.test(text) ? "" : text)
    return behind.test(text) || isMentioned(said, { mention })
  })
}

/** Whether a value stands in a text by itself, not as part of a longer one. */
function isNamed(text: string, value: string): boolean {
  const inWord = (unit: string | undefined) => unit !== undefined && /[\p{Script=Latin}\p{N}]/u.test(unit)
  for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1))
    if (!inWord(text[at - 1]) && !inWord(text[at + value.length])) return true
  return false
}

/** Where the last two statements begin. */
const lastOf = (thinking: string): number => statementsOf(thinking).at(-2)?.[0] ?? 0

/** Whether two of the last numbers of a thinking make the answer: its last step is left to the answer part. */
function isOneStepAway(thinking: string, answered: string): boolean {
  const answer = Number(answered.replaceAll(",", ""))
  const last = (thinking.slice(-256).match(/\d+(?:\.\d+)?/g) ?? []).slice(-8).map(Number)
  return last.some((a) =>
    last.some((b) => a + b === answer || a - b === answer || a * b === answer || a / b === answer),
  )
}

const approximate = /(?:\b(?:about|roughly|approximately|nearly|almost|around)|≈|\\approx|约|大概)\s*$/i

/** A question may ask for cents or percent: 0.25 dollars and 25 are one amount. */
function areHundredfold(said: string, answered: string): boolean {
  const [a, b] = [said, answered].map((text) => Number(/-?\d[\d,]*(?:\.\d+)?/.exec(text)?.[0].replaceAll(",", "")))
  const near = (x: number, y: number) => Math.abs(x - y) <= 1e-9 * Math.abs(x)
  return near(a! * 100, b!) || near(b! * 100, a!)
}

/** A number and a set, or a formula and a word, are different readings rather than different answers. */
function isComparable(said: string, { kind }: FinalAnswer): boolean {
  if (kind === "choice") return true
  const other = readValue(said)?.kind
  const single = (one: string | undefined) => one === "number" || one === "expression"
  return other === kind || (single(other) && single(kind))
}
