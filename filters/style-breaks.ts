// Where a text stops being one response: turns of a chat, markup of a template or a page, another task, shouting, broken characters.
import { maskCode } from "./mask-notation.ts"
import type { Span } from "./span.ts"

/** A place where the style breaks. */
export interface StyleBreak {
  readonly kind: "role-label" | "template" | "markup" | "capitals" | "other-task" | "broken-characters"
  readonly span: Span
}

const roleLabel =
  /^[ \t]{0,8}(?:\*\*|#{1,4} )?(?:User|Human|Assistant|Chatbot|ChatGPT|用户|助手|人类)[ \t]?(?:\*\*)?[:：](?:\*\*)?/gm
const template =
  /<\|[a-z_]{2,24}\|>|\[\/?INST\]|<<\/?SYS>>|<(?:start|end)_of_turn>|^### (?:Instruction|Response|Input|Human|Assistant)\b/gm
const markup =
  /<\/(?:div|span|p|a|b|i|li|ul|ol|table|tr|td|th|h[1-6]|em|strong|body|html|font|center|script)>|<(?:div|span|br|li|ul|ol|table|tr|td|h[1-6]|img|body|html|font|center|script)(?: [^<>\n]{0,200})?\/?>|<a href[^<>\n]{0,200}>|&(?:nbsp|amp|lt|gt|quot|#\d{2,5});/gi
const brokenCharacters = /\ufffd|Ã[\u0080-\u00bf]|â€[\u0090-\u009f\u2018-\u2122]?/g
const otherTask =
  /^[ \t]{0,8}(?:\*\*|#{1,4} )?(?:(?:New|Next|Another) )?(?:Question|Problem|Exercise|Task|Q|问题|题目|例题|习题)[ \t]?\d{0,3}[ \t]?(?:\*\*)?[:：.][ \t]{0,4}(?:\*\*)?([^\n]{8,400})/gim

/** Words in capitals in a row that shout; words of logic and short names do not count. */
const shoutedWords = 8
const longWord = /[A-Z]{4,}/g
const capitals = /[A-Z][A-Z']+(?:[ ,;:!?.\n-]{1,3}[A-Z][A-Z']+){7,}/g
const logic = /^(?:TRUE|FALSE|NULL|NONE|AND|OR|NOT|XOR|THEN|ELSE)$/

/** Times that a kind must come before it is a break: a page is full of markup, one entity is a slip. */
const least = { markup: 2, "broken-characters": 2 } as const

/**
 * The breaks of one part of a response, in order of kind. What the question itself has (a chat log, a page, capitals) is no break, and
 * neither is anything in code; `code` says that the whole response may be a program.
 */
export function styleBreaks(text: string, question: string, code: boolean): StyleBreak[] {
  const masked = maskCode(text)
  const breaks: StyleBreak[] = []
  const add = (kind: StyleBreak["kind"], spans: Span[]) => {
    if (spans.length >= (kind === "markup" || kind === "broken-characters" ? least[kind] : 1))
      breaks.push(...spans.map((span) => ({ kind, span })))
  }
  add("role-label", spansOf(masked, roleLabel, question))
  add("template", spansOf(masked, template, question))
  if (!code && !/[<&]|html|web/i.test(question)) add("markup", spansOf(masked, markup, question))
  if (!code && !shouts(question)) add("capitals", shoutsIn(masked))
  add("other-task", otherTasks(masked, question))
  add("broken-characters", spansOf(masked, brokenCharacters, question))
  return breaks
}

const spansOf = (text: string, pattern: RegExp, question: string): Span[] =>
  [...text.matchAll(pattern)]
    .filter(([found]) => !question.includes(found.trim()))
    .map(({ index, 0: found }) => [index, index + found.length])

const shouts = (text: string) => shoutsIn(text).length > 0

/** Runs of capitals in a text that is not all capitals. */
function shoutsIn(text: string): Span[] {
  const spans: Span[] = []
  let shouted = 0
  for (const { index, 0: found } of text.matchAll(capitals)) {
    const words = (found.match(longWord) ?? []).filter((word) => !logic.test(word))
    if (new Set(words).size < shoutedWords / 2) continue
    shouted += found.length
    spans.push([index, index + found.length])
  }
  return shouted > text.length * mostlyCapitals ? [] : spans
}

const mostlyCapitals = 0.7

/** Words that a restated question shares with the question, and those in which a task asks for something. */
const sharedWords = 0.34
const asks =
  /[?？]|\b(?:find|calculate|compute|determine|solve|write|prove|how|what|which|who|when|where|why|evaluate|simplify)\b|求|计算|多少|几|写|证明|什么/i

/** Lines that set another task than the question; the first line of a text restates, whatever it says. */
function otherTasks(text: string, question: string): Span[] {
  const known = new Set(contentWords(question))
  if (known.size === 0) return []
  return [...text.matchAll(otherTask)].flatMap(({ index, 0: found, 1: said = "" }): Span[] => {
    if (text.slice(0, Math.min(index, 64)).trim() === "" || !asks.test(said)) return []
    const words = contentWords(said)
    const shared = words.filter((word) => known.has(word)).length
    return words.length < 4 || shared > words.length * sharedWords ? [] : [[index, index + found.length]]
  })
}

const contentWords = (text: string): string[] =>
  text.toLowerCase().match(/\p{Script=Han}|[\p{Script=Latin}\p{Script=Cyrillic}]{4,}|\d+/gu) ?? []
