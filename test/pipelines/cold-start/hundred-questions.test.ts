// The questions that a judge is checked against: whole, labelled, and none of them shown to the judge as an example.
import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { jsonMessages, wordMessages } from "../../../annotators/criterion-prompt.ts"
import { domainMessages } from "../../../annotators/domain.ts"
import { solvingMessages } from "../../../annotators/solving-prompt.ts"
import { verifyAnswer } from "../../../annotators/verify-answer.ts"
import { notVerifiable } from "../../../pipelines/cold-start/prompts/not-verifiable.ts"
import { severalQuestions } from "../../../pipelines/cold-start/prompts/several-questions.ts"
import { solvingPrompts } from "../../../pipelines/cold-start/prompts/solving.ts"
import { textGeneration } from "../../../pipelines/cold-start/prompts/text-generation.ts"
import { quickStart } from "../../../pipelines/cold-start/quick-start.ts"
import { MemoryEffects } from "../../annotators/endpoint/setting.ts"
import { readStarterQuestions } from "../../fixtures/check-starter-questions.ts"

const labels = ["not_verifiable", "several_questions", "text_generation", "answered_directly"] as const

type Labelled = Record<(typeof labels)[number], "yes" | "no"> & {
  id: string
  question: string
  reference: string | null
  choices?: string[]
  domain: string | null
  language: string
}

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), "utf8")
const questions = fixture("hundred-questions.jsonl")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as Labelled)
const criteria = [notVerifiable, severalQuestions, textGeneration]
const words = (text: string) => text.toLowerCase().match(/\p{L}+|\p{N}+/gu) ?? []

describe("the hundred questions", () => {
  test("are a hundred, each with its own id, labels, domain and language", () => {
    expect(questions).toHaveLength(100)
    expect(new Set(questions.map(({ id }) => id)).size).toBe(100)
    expect(new Set(questions.map(({ question }) => question)).size).toBe(100)
    for (const question of questions) {
      for (const label of labels) expect(["yes", "no"], `${question.id} ${label}`).toContain(question[label])
      expect(["mathematics", "code", "logic", "science", null]).toContain(question.domain)
    }
    expect(new Set(questions.map(({ language }) => language)).size).toBeGreaterThanOrEqual(10)
  })

  test("hold enough of either label, in several languages", () => {
    for (const label of labels)
      for (const value of ["yes", "no"] as const) {
        const having = questions.filter((question) => question[label] === value)
        expect(having.length, `${label} ${value}`).toBeGreaterThanOrEqual(14)
        const kinds = new Set(having.map(({ language }) => language))
        expect(kinds.has("en") && kinds.has("zh"), `${label} ${value}`).toBe(true)
      }
  })

  test("have labels that do not contradict each other", () => {
    for (const question of questions) {
      const { id, reference, not_verifiable, several_questions, text_generation, answered_directly } = question
      if (text_generation === "yes") expect(not_verifiable, id).toBe("yes")
      if (answered_directly === "yes")
        expect([not_verifiable, several_questions, reference === null], id).toEqual(["no", "no", false])
    }
  })

  test("have references that the verifiers read, where one short answer is right", async () => {
    const effects = new MemoryEffects()
    const short = questions.filter(
      ({ reference, not_verifiable, several_questions }) =>
        reference !== null && not_verifiable === "no" && several_questions === "no",
    )
    expect(short.length).toBeGreaterThan(50)
    for (const { id, reference, choices = null } of short) {
      const verdictOf = async (answer: string) =>
        (await verifyAnswer(`\\boxed{${answer}}`, { reference, choices }, effects)).verdict
      expect(await verdictOf(reference!), id).toBe("correct")
      expect(await verdictOf(reference === "D" ? "A" : choices ? "D" : "777777"), id).not.toBe("correct")
    }
  })

  test("are no shots of a prompt, no starter questions, and not nearly so", () => {
    const { draft, direct } = solvingPrompts["worked-example"]
    const row = { question: "" }
    const seen = [
      ...criteria.flatMap((prompt) => [...jsonMessages(prompt, row), ...wordMessages(prompt, row)]),
      ...[draft, direct].flatMap((prompt) => solvingMessages(prompt, row)),
      ...domainMessages(["mathematics", "code", "logic", "science"], ""),
    ]
      .filter(({ role }) => role === "user")
      .map(({ content }) => content.replace(/<\/?question>/g, ""))
    const others = [...seen, ...readStarterQuestions().map(({ question }) => question)].map(words)
    const shared = (a: string[], b: string[]) =>
      a.filter((word) => b.includes(word)).length / Math.max(a.length, b.length)
    for (const { id, question } of questions)
      for (const other of others) expect(shared(words(question), other), `${id}: ${other.join(" ")}`).toBeLessThan(0.8)
  })

  test("are judged by the embedded model as the quick start does it", () => {
    const { judging, drafts } = parse(fixture("embedded-judge.yaml"))
    expect(judging).toEqual(quickStart.judging)
    expect(drafts.prompt).toBe(quickStart.drafts.prompt)
  })
})
