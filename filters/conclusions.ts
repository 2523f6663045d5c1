// What a chain of thought comes to: the statements that say so in words, and the result that it ends with.
import type { Verifiable } from "../annotators/verify-answer.ts"
import { answerIn, type FinalAnswer } from "./final-answer.ts"
import type { Span } from "./span.ts"
import { statementsOf } from "./statements.ts"

/** A statement that gives an answer. */
export interface Conclusion {
  readonly span: Span
  /** The answer that it gives, as the verifier reads it. */
  readonly said: string
  /** Said as the answer ("the answer is 29", a box), the result with which the thinking ends, or merely its last number. */
  readonly kind: "stated" | "closing" | "last"
  /** The thinking takes something back after it. */
  readonly retracted: boolean
}

const stated =
  /\banswer\b[\s*_"']{0,6}(?:is|are|was|must be|should be|would be|will be|equals|[:：=])|\banswer\b(?: (?:to|for|of)\b[^.\n:]{1,48}?| therefore| thus| then| hence){1,2} is\b|\bfinal answer\b|\bis the (?:final |correct |right )?(?:answer|result)\b|\\boxed\b|^#{4}\s|答案?\s{0,3}(?:应该?)?(?:[是为]|[:：])|最终答案/i
const chosen = /\b(?:choose|pick|select|go with|must be|has to be|option|choice)\b|应?选[择A-Z]/i
// What turns a statement of the answer into a thought about it: anywhere in the statement, or in the clause that has the answer.
const conditional = /[?？][\s"”')）]*$|\b(?:if|suppose|unless|whether)\b|如果|假设/i
const supposed =
  /\b(?:might|maybe|perhaps|at first|first (?:thought|guess)|one (?:could|would)|not|n['’]t|isn['’]t|cannot|can['’]t|wrong|rather than)\b|不是|不选|不对|不可能|起初|一开始/i
/** At the start of a statement these take back what stood before it, not what it says. */
const corrects = /^(?:不对|错了|不是|wait|no|nope|actually|wrong|hmm|but)[\s,，。.!！:：;]+/i
/** What turns a closing result into a thought. */
const open = /[?？][\s"”')）]*$|\b(?:suppose|maybe|perhaps)\b|假设/i
const concluding =
  /^(?:and |but |okay,? |ok,? |yes,? |good,? )?(?:so|then|hence|thus|therefore|consequently|finally|in total|altogether|that (?:makes|leaves|gives|means)|this (?:makes|leaves|gives|means)|which (?:makes|leaves|gives|is)|we get|i get|it follows)\b|\b(?:hence|thus|therefore|so|in total|altogether|are left|is left|remain)\b|^(?:所以|因此|故|于是|那么|综上|可得|得到|即|最后)|所以|因此|还剩|剩下|一共|总共|就是|等于/i
const equation = /[=≈]\s*\S/
const checking =
  /\b(?:check|verify|verification|plug|substitut|double|indeed|sanity|good|confirm|took me|steps?\b)|验算|检验|代入|检查|验证|正确/i
const retracting =
  /\b(?:wait|no,|nope|actually|hmm|but|wrong|mistake|instead|however|let me (?:re|check|double|verify)|recheck|redo|scratch that)\b|不对|等等|错了|重新|但是|再算|其实|应该是/i

/** A closing statement that is a result: "The gcd is 12.", "4 vertical ones: 12", or a lone letter. */
const result =
  /(?:\b(?:is|are|was|get|gives?|makes?|in|be|to)|[:：是为得])\s*\S{0,3}[-−]?\d[\d,./]*\s*(?:[\p{L}%°]+\s*){0,3}$|^\(?[A-J]\)?$/u
/** Of a longer statement the end is read. */
const longestStatement = 2_048
/** Statements at the end of a thinking that may close it. */
const closingStatements = 4
/** Statements of the answer that are looked at, from the end: thinking that states one after the other says nothing earlier. */
const mostStated = 8

/** The last conclusion of a thinking with an answer that can be read, or null. */
export function lastConclusion(thinking: string, answer: FinalAnswer, question: Verifiable): Conclusion | null {
  const statements = statementsOf(thinking)
  let looked = 0
  for (let at = statements.length - 1; at >= 0 && looked < mostStated; at--) {
    const text = statementText(thinking, statements[at]!)
    const says = stated.exec(text) ?? (answer.kind === "choice" ? chosen.exec(text) : null)
    if (says === null || conditional.test(text)) continue
    if (supposed.test(clauseAt(text, says.index).replace(corrects, ""))) continue
    looked++
    const said = answerIn(text, answer, question)
    if (said === null) continue
    const after = statements.slice(at + 1)
    const retracted = after.some(([from, to]) => retracting.test(thinking.slice(from, to)))
    return { span: statements[at]!, said, kind: "stated", retracted }
  }
  return closingOf(thinking, statements, answer, question)
}

/** The result with which the thinking ends: that of its last equation or concluding statement, checks and remarks apart. */
function closingOf(
  thinking: string,
  statements: readonly Span[],
  answer: FinalAnswer,
  question: Verifiable,
): Conclusion | null {
  for (const [at, span] of statements.slice(-closingStatements).reverse().entries()) {
    const text = statementText(thinking, span)
    if (checking.test(text)) return null
    const isResult = at === 0 && (answer.kind === "number" || answer.kind === "choice") && result.test(text)
    const isOpen = open.test(text) || (!equation.test(text) && (conditional.test(text) || supposed.test(text)))
    if (isOpen || !(isResult || concluding.test(text) || (answer.kind !== "choice" && equation.test(text)))) {
      // A further statement of numbers is not what was concluded before it.
      if (/\d/.test(text)) return null
      continue
    }
    const said = (answer.kind === "number" ? resultIn(text) : null) ?? answerIn(text, answer, question)
    const closes = concluding.test(text) || equation.test(text) || answer.kind === "choice"
    if (said !== null) return { span, said, kind: closes ? "closing" : "last", retracted: false }
    return null
  }
  return null
}

/** The clause between commas that holds a place. */
function clauseAt(text: string, at: number): string {
  const comma = /[,，;；]/g
  let from = 0
  for (const { index } of text.matchAll(comma)) {
    if (index >= at) return text.slice(from, index)
    from = index + 1
  }
  return text.slice(from)
}

const statementText = (thinking: string, [from, to]: Span): string =>
  thinking.slice(Math.max(from, to - longestStatement), to).replace(/[.。!！*]+$/, "")

/** The number behind the last equals sign. */
const resultIn = (text: string): string | null =>
  /[=≈][ $€£¥￥\\]*([-−]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:\s?\/\s?\d+)?\s?[%％]?)[^=≈]*$/.exec(text)?.[1]?.trim() ?? null
