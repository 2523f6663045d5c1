// Drafts of known kinds, made from worked solutions: what a scripted server answers, and what the filters should say of each. The kind and
// the wording depend on the question and the request's seed alone, so that whoever has both can tell the kind again.
import { createHash } from "node:crypto"

/** A question with its worked solution, as GSM8K has them. */
export interface SolvedQuestion {
  id: string
  question: string
  reference: string
  solution: string
}

/** Every kind of draft, with its share and the response filter that should drop it (null: none). */
export const kinds = {
  right: { share: 0.55, droppedBy: null },
  wrong: { share: 0.15, droppedBy: "wrong-answer" },
  "no-answer": { share: 0.03, droppedBy: "wrong-answer" },
  truncated: { share: 0.05, droppedBy: "truncated" },
  looping: { share: 0.05, droppedBy: "repetition" },
  guessed: { share: 0.05, droppedBy: "guesswork" },
  disagreeing: { share: 0.04, droppedBy: "summary-disagrees" },
  mixed: { share: 0.05, droppedBy: "language-mixing" },
  leaked: { share: 0.03, droppedBy: "reserve-similarity" },
} as const
export type Kind = keyof typeof kinds

/** One scripted draft. */
export interface ScriptedDraft {
  kind: Kind
  thinking: string
  answer: string
  finish: "stop" | "length"
}

/** Even numbers in [0, 1) and choices, drawn from a text in order. */
class Chance {
  #hash: Buffer
  #at = 0

  constructor(seed: string) {
    this.#hash = createHash("sha256").update(seed).digest()
  }

  next(): number {
    if (this.#at + 4 > this.#hash.length) {
      this.#hash = createHash("sha256").update(this.#hash).digest()
      this.#at = 0
    }
    this.#at += 4
    return this.#hash.readUInt32LE(this.#at - 4) / 2 ** 32
  }

  one<T>(of: readonly T[]): T {
    return of[Math.floor(this.next() * of.length)]!
  }
}

/** The kind of the draft for a question and a seed. */
export function kindOf(question: string, seed: number): Kind {
  let left = new Chance(`kind\0${question}\0${seed}`).next()
  for (const [kind, { share }] of Object.entries(kinds)) {
    left -= share
    if (left < 0) return kind as Kind
  }
  return "right"
}

const openings = [
  "Okay, let me work out what is asked here.",
  "Let me start with what the problem gives me.",
  "Alright. I will take this one step at a time.",
  "First I need to see which quantities are known.",
]
const checks = [
  "Let me check that against the question: the amounts add up, and nothing was counted twice.",
  "Going back over the steps, each one uses only what was given, so this holds.",
  "That fits the wording of the problem, so I am confident in it.",
]
const conclusions = [
  (n: string) => `So the result is ${n}.`,
  (n: string) => `That makes ${n} in total.`,
  (n: string) => `Hence the answer is ${n}.`,
]
const summaries = [
  (n: string) => `The answer is \\boxed{${n}}.`,
  (n: string) => `Putting the steps together gives \\boxed{${n}}.`,
  (n: string) => `**Final answer:** \\boxed{${n}}`,
]
const guesses = [
  (n: string) => `I am not sure how these numbers fit together. I can't see how to set it up. I'll just guess ${n}.`,
  (n: string) =>
    `Hmm, this is confusing and I don't know how to solve it. Maybe it is ${n}? I will go with that guess.`,
  (n: string) =>
    `There are several numbers here. No idea how to combine them, so let me pick something plausible, say ${n}.`,
]
const chinese = [
  "我们先看一下题目中给出的条件，然后一步一步地计算出最后的结果。这里需要注意每一个数量之间的关系。",
  "接下来把前面得到的数字加在一起，就可以知道总共有多少了，这一步不难，但是要小心不要算错。",
  "所以按照题目的意思，我们应该先求出每个人的数量，再把它们合起来，这样就得到了答案。",
]

/** The steps of a worked solution: calculator marks and the closing `####` line left out. */
const stepsOf = ({ solution }: SolvedQuestion): string[] =>
  solution
    .replace(/<<[^>]*>>/g, "")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("####"))

/** Another number than the reference, near it. */
function otherThan(reference: string, chance: Chance): string {
  const value = Number(reference.replaceAll(",", ""))
  return String(Number.isFinite(value) ? value + chance.one([1, 2, 3, 7, 10, -1, -2, -5]) : 1)
}

/** The draft of a question for a seed; `leak` is the text of a question that must not be shown. */
export function scriptedDraft(question: SolvedQuestion, seed: number, leak: (chance: number) => string): ScriptedDraft {
  const kind = kindOf(question.question, seed)
  const chance = new Chance(`draft\0${question.question}\0${seed}`)
  const { reference } = question
  const steps = stepsOf(question)
  const other = otherThan(reference, chance)
  const opening = chance.one(openings)
  const conclude = chance.one(conclusions)
  const summarise = chance.one(summaries)
  const check = chance.one(checks)
  const chain = (result: string, middle: readonly string[] = steps) =>
    [opening, ...middle, conclude(result), check].join("\n")
  const draft = (thinking: string, answer: string, finish: "stop" | "length" = "stop") => ({
    kind,
    thinking,
    answer,
    finish,
  })
  switch (kind) {
    case "right":
      return draft(chain(reference), summarise(reference))
    case "wrong":
      return draft(chain(other, steps.slice(0, -1)), summarise(other))
    case "no-answer":
      return draft(
        chain(reference, steps.slice(0, -1)),
        "I worked through the problem above but cannot settle on a value.",
      )
    case "truncated": {
      const whole = chain(reference)
      return draft(whole.slice(0, Math.ceil(whole.length * (0.4 + chance.next() / 2))), "", "length")
    }
    case "looping": {
      const line = chance.one([
        "Wait, let me check that again.",
        "But maybe I should recompute the total once more.",
        ...steps,
      ])
      return draft(
        [opening, ...steps, ...Array.from({ length: 30 }, () => line), conclude(reference)].join("\n"),
        summarise(reference),
      )
    }
    case "guessed":
      return draft(chance.one(guesses)(reference), summarise(reference))
    case "disagreeing":
      return draft(
        [opening, ...steps.slice(0, -1), `So the final answer is ${other}.`].join("\n"),
        summarise(reference),
      )
    case "mixed": {
      const at = 1 + Math.floor(chance.next() * steps.length)
      return draft(
        chain(reference, [...steps.slice(0, at), chance.one(chinese), ...steps.slice(at)]),
        summarise(reference),
      )
    }
    case "leaked":
      return draft(
        [
          opening,
          `This is like another problem that I know: ${leak(chance.next())}`,
          ...steps,
          conclude(reference),
        ].join("\n"),
        summarise(reference),
      )
  }
}
