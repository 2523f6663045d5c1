import { expect, test } from "vitest"
import { answeredDirectly } from "../../filters/answered-directly.ts"
import { solvingPrompts } from "../../pipelines/cold-start/prompts/solving.ts"
import { complete, type Reply } from "../annotators/endpoint/server.ts"
import { MemoryEffects, setUp } from "../annotators/endpoint/setting.ts"

const question = { id: "a", question: "What is 20 + 22?", reference: "42", choices: null }

async function answered(answers: readonly string[], more: Record<string, unknown> = {}, row: object = question) {
  const reply: Reply = ({ index }, response) => complete(response, answers[index]!, more)
  const { endpoint, server } = await setUp(reply, { role: "judge" })
  const step = answeredDirectly(solvingPrompts.boxed.direct, endpoint, {
    attempts: answers.length,
    maxTokens: 64,
    seed: 1,
  })
  return { fate: await step.run({ ...row }, new MemoryEffects(), new Map()), server }
}

test("the first right answer drops the question, with the evidence of all attempts", async () => {
  const { fate, server } = await answered(["\\boxed{41}", "I do not know", "\\boxed{42}", "\\boxed{42}"])
  expect(server.received).toHaveLength(3)
  expect(fate).toMatchObject({
    drop: { reason: "answered-directly", measured: 3, threshold: 4, evidence: { extracted: "42" } },
    row: {
      directAnswers: [
        { sample: 0, answer: "\\boxed{41}", verdict: "incorrect", extracted: "41", thought: false, finish: "stop" },
        { sample: 1, answer: "I do not know" },
        { sample: 2, verdict: "correct", extracted: "42" },
      ],
    },
    tally: { "direct answers": 3 },
  })
  expect(new Set(server.received.map(({ body }) => body.seed)).size).toBe(3)
})

test("a question that no attempt answers is kept, with the evidence too", async () => {
  const { fate } = await answered(["\\boxed{41}", `${"x".repeat(900)}\u202e`])
  expect(fate).toMatchObject({ keep: [{ id: "a", directAnswers: [{ verdict: "incorrect" }, { sample: 1 }] }] })
  const [kept] = (fate as { keep: { directAnswers: { answer: string }[] }[] }).keep
  expect(kept!.directAnswers[1]!.answer.length).toBeLessThan(220)
})

test.each([
  ["thought about first", "<think>\n20 + 22 is 42.\n</think>\n\n\\boxed{42}", {}, "direct answers after a thought"],
  ["that was cut", "\\boxed{42} because", { finish: "length" }, "direct answers cut or refused"],
])("an answer %s is no direct one, however right", async (_name, answer, more, counted) => {
  const { fate } = await answered([answer], more)
  expect(fate).toMatchObject({ keep: [{ directAnswers: [{ verdict: "unparsed", extracted: null }] }] })
  expect(fate.tally![counted]).toBe(1)
})

test("without a reference nothing is right, and the count says so", async () => {
  const { fate } = await answered(["\\boxed{42}"], {}, { ...question, reference: null })
  expect(fate).toMatchObject({ keep: [{ directAnswers: [{ verdict: "unverifiable" }] }] })
  expect(fate.tally!["direct answers not verified"]).toBe(1)
})
