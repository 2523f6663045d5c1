import { expect, test } from "vitest"
import type { z } from "zod"
import { drafts } from "../../annotators/drafts.ts"
import { solvingPrompts } from "../../pipelines/cold-start/prompts/solving.ts"
import type { Row } from "../../pipelines/runtime/step.ts"
import { draftsConfig, type modelConfig } from "../../schemas/config.ts"
import type { Group } from "../../schemas/rollout.ts"
import { complete, json, refuse } from "./endpoint/server.ts"
import { endpointTo, MemoryEffects, type Setting, setUp } from "./endpoint/setting.ts"

const question = {
  id: "q1",
  question: "What is 3 + 4?",
  reference: "7" as string | null,
  choices: null as string[] | null,
  verifier: null as string | null,
  verifierOptions: null,
  source: "test",
}

const boxed = (answer: string) => `<think>\nI add.\n</think>\n\nSo \\boxed{${answer}}.`

/** A drafter that gives these answers in the order of the requests; null is a fault, the last one repeats. */
async function drafterOf(
  answers: readonly (string | null)[],
  config: Partial<z.input<typeof modelConfig>> = {},
): Promise<Setting> {
  return setUp(
    ({ index }, response) => {
      const answer = answers[Math.min(index, answers.length - 1)]!
      if (answer === null) json(response, '{"choices": [')
      else complete(response, answer)
    },
    // One after the other, so that the n-th request is the n-th sample.
    { config: { maxInFlight: 1, attempts: 1, ...config } as never },
  )
}

async function draft(
  { endpoint }: Pick<Setting, "endpoint">,
  config: z.input<typeof draftsConfig> = {},
  row: Row = question,
  effects = new MemoryEffects(),
) {
  const { prompt, ...options } = draftsConfig.parse(config)
  const fate = await drafts(solvingPrompts[prompt].draft, endpoint, { ...options, seed: 1 }).run(
    row,
    effects,
    new Map(),
  )
  if (!("keep" in fate)) throw new Error("dropped")
  return { group: fate.keep[0] as Group, tally: fate.tally!, incomplete: fate.incomplete }
}

test("stops after the first wave with a right draft, in the order of the samples", async () => {
  const setting = await drafterOf([...Array(9).fill(boxed("8")), boxed("7"), boxed("8")])
  const { group, tally } = await draft(setting)
  expect(group.rollouts.map(({ sample }) => sample)).toEqual([...Array(16).keys()])
  expect([group.correct, group.verified, group.passRate]).toEqual([1, 16, 1 / 16])
  expect([group.passRateLow, group.passRateHigh].map((end) => end!.toFixed(3))).toEqual(["0.011", "0.283"])
  expect([group.vote, group.suspect, group.referenceOrigin, group.reference]).toEqual([null, false, "source", "7"])
  expect(tally).toMatchObject({ drafts: 16, correct: 1, incorrect: 15 })
})

test("the reference is suspect when all drafts agree against it, in whatever spelling", async () => {
  const setting = await drafterOf([boxed("16/2"), boxed("8"), "I do not know.", boxed("8")])
  const { group, tally } = await draft(setting)
  expect(group.rollouts).toHaveLength(32)
  expect(group.suspect).toBe(true)
  expect(group.vote).toMatchObject({ answer: "8", votes: 31, of: 31, runnerUp: 0 })
  expect(group.vote!.exchanges).toEqual(
    group.rollouts.filter(({ extracted }) => extracted !== null).map(({ exchange }) => exchange),
  )
  expect(tally["suspect references"]).toBe(1)
  // The source's reference stands: only a human changes it.
  expect([group.reference, group.referenceOrigin]).toEqual(["7", "source"])
})

test("drafts that fail in different ways leave the reference alone, unless a smaller share is enough", async () => {
  const answers = [boxed("9"), boxed("8"), boxed("8"), boxed("8"), boxed("8"), boxed("8"), boxed("8"), boxed("8")]
  const sizes = { initial: 8, maximum: 8 }
  const strict = await draft(await drafterOf(answers), sizes)
  expect([strict.group.suspect, strict.group.vote?.votes, strict.group.vote?.of]).toEqual([false, 7, 8])
  const lax = await draft(await drafterOf(answers), { ...sizes, suspects: { minimumShare: 0.8 } })
  expect(lax.group.suspect).toBe(true)
  const few = await draft(await drafterOf(answers), { ...sizes, suspects: { minimumShare: 0.8, minimumVotes: 8 } })
  expect(few.group.suspect).toBe(false)
})

test("a draft that fails costs the group that draft alone, and a rerun asks for it alone", async () => {
  const { server, endpoint } = await drafterOf([boxed("8"), null, boxed("7"), boxed("7")])
  const effects = new MemoryEffects()
  const first = await draft({ endpoint }, { initial: 4, maximum: 4 }, question, effects)
  expect(first.group.rollouts.map(({ sample }) => sample)).toEqual([0, 2, 3])
  expect([first.incomplete, first.tally["failed drafts"]]).toEqual([true, 1])
  const asked = server.received.length
  const again = await draft(
    endpointTo(server, { config: { maxInFlight: 1 } as never }),
    { initial: 4, maximum: 4 },
    question,
    effects,
  )
  expect(again.group.rollouts.map(({ sample }) => sample)).toEqual([0, 1, 2, 3])
  expect(again.group.rollouts.filter(({ sample }) => sample !== 1)).toEqual(first.group.rollouts)
  expect(again.incomplete).toBe(false)
  expect(server.received.slice(asked).filter(({ path }) => path.endsWith("completions"))).toHaveLength(1)
})

test("a later wave that fails keeps the earlier ones", async () => {
  const setting = await drafterOf([boxed("8"), boxed("8"), null])
  const { group, incomplete } = await draft(setting, { initial: 2, maximum: 4, suspects: { minimumVotes: 2 } })
  expect(group.rollouts).toHaveLength(2)
  expect(incomplete).toBe(true)
})

test("a question that the server refuses is not asked thirty-two times", async () => {
  const setting = await setUp((_, response) =>
    refuse(response, 400, "maximum context length is 10 tokens", { code: "context_length_exceeded" }),
  )
  await expect(draft(setting)).rejects.toMatchObject({ retryable: false })
  expect(setting.server.received.filter(({ path }) => path.endsWith("completions")).length).toBeLessThanOrEqual(8)
})

const open = { ...question, reference: null }
const majority = { enabled: true }

test("the answer of most drafts stands in for a missing reference, and is marked", async () => {
  const setting = await drafterOf([
    boxed("9"),
    boxed("0.5"),
    boxed("1/2"),
    "Hm.",
    boxed("0.5"),
    boxed("4"),
    boxed("0.5"),
  ])
  const { group, tally } = await draft(setting, { initial: 2, maximum: 8, majority }, open)
  // All at once: the vote of a fixed number of drafts.
  expect(group.rollouts).toHaveLength(8)
  expect([group.reference, group.referenceOrigin, group.suspect]).toEqual(["0.5", "majority", false])
  expect(group.vote).toMatchObject({ answer: "0.5", votes: 5, of: 7, runnerUp: 1 })
  expect(group.rollouts.map(({ verdict }) => verdict)).toEqual([
    "incorrect",
    "correct",
    "correct",
    "unparsed",
    "correct",
    "incorrect",
    "correct",
    "correct",
  ])
  expect([group.correct, group.verified]).toEqual([5, 7])
  expect(tally["references by majority"]).toBe(1)
})

test("the letter of most drafts stands in for a missing one", async () => {
  const row = { ...open, choices: ["six", "seven", "eight"] }
  const setting = await drafterOf([boxed("C"), boxed("B")])
  const { group } = await draft(setting, { initial: 4, maximum: 4, majority: { enabled: true, minimumVotes: 3 } }, row)
  expect([group.reference, group.referenceOrigin, group.correct, group.verified]).toEqual(["B", "majority", 3, 4])
})

test.each([
  ["a tie", [boxed("4"), boxed("4"), boxed("5"), boxed("5")]],
  ["too small a share", [boxed("4"), boxed("4"), boxed("5"), boxed("6"), boxed("7")]],
  ["no answers", ["Hm."]],
])("%s is no majority: nothing is right, nothing is wrong", async (_, answers) => {
  const sizes = { initial: answers.length, maximum: answers.length }
  const rule = { enabled: true, minimumVotes: 1 }
  const { group } = await draft(await drafterOf(answers), { ...sizes, majority: rule }, open)
  expect([group.reference, group.referenceOrigin, group.passRate]).toEqual([null, null, null])
  expect(new Set(group.rollouts.map(({ verdict }) => verdict))).toEqual(new Set(["unverifiable"]))
})

test("code never votes", async () => {
  const setting = await drafterOf(["```python\ndef f(): return 1\n```"])
  const { group } = await draft(setting, { initial: 2, maximum: 8, majority }, { ...open, verifier: "code-tests" })
  // Nothing can be verified: the first wave is all.
  expect([group.rollouts.length, group.reference, group.referenceOrigin]).toEqual([2, null, null])
})

test("the same drafts are asked for as ever: what a run has paid for stays paid", async () => {
  const setting = await drafterOf([boxed("7")])
  const effects = new MemoryEffects()
  await draft(setting, { initial: 2, maximum: 2 }, question, effects)
  const asked = [...effects.settled.keys()].filter((key) => key.startsWith('["chat"')).map((key) => JSON.parse(key))
  expect(asked.map(([, , { seed }, sample]) => [seed, sample])).toEqual([
    [expect.any(Number), 0],
    [expect.any(Number), 1],
  ])
  expect(asked[0][2].maxTokens).toBe(32_768)
})
