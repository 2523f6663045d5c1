import type { Message } from "../../schemas/sample.ts"

/** A reference this long is no number or word that a question may hold by itself. */
const tellingLength = 24

const beforeAnswer =
  /(?:\\boxed\s*\{|####|\b(?:final\s+)?(?:answer|solution|result)\b(?:\s+(?:is|are|=|:))?\s*[:=]?|答案(?:是|为|：|:)?)\s*[$(*`"']*\s*$/i

/**
 * Where a prompt gives its answer away, or null: an assistant's turn; the reference after a box or words that announce an answer; a long
 * reference anywhere. A reference that happens to stand in the question (`1 + 1 = 2?`) is none.
 */
export function leakedAnswer(prompt: readonly Message[], reference: string): string | null {
  if (prompt.some(({ role }) => role === "assistant")) return "an assistant's turn in the prompt"
  const answer = reference.trim()
  if (answer === "") return null
  for (const { role, content } of prompt) {
    if (answer.length >= tellingLength && content.includes(answer)) return `the reference stands in the ${role}'s turn`
    for (let at = content.indexOf(answer); at >= 0; at = content.indexOf(answer, at + 1)) {
      if (isPartOfMore(content, at, answer)) continue
      const before = content.slice(Math.max(0, at - 48), at)
      if (beforeAnswer.test(before))
        return `"${content.slice(Math.max(0, at - 16), at + answer.length)}" in the ${role}'s turn`
    }
  }
  return null
}

/** Whether the reference found at a place is a piece of a longer word or number. */
function isPartOfMore(content: string, at: number, answer: string): boolean {
  // Scripts without spaces between words start a number or a letter anywhere.
  const word = /[\p{N}\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]/u
  const [before, after] = [content[at - 1] ?? "", content[at + answer.length] ?? ""]
  const next = content[at + answer.length + 1] ?? ""
  return (
    (word.test(answer[0]!) && word.test(before)) ||
    (word.test(answer.at(-1)!) && (word.test(after) || (/[.,]/.test(after) && /\d/.test(next))))
  )
}
