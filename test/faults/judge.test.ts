// A judge that does not answer as it was asked to: in prose, in other languages, with thoughts, with both words, or with nothing that can
// be read. Each question has one fate all the same, and what was paid for stays.
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { complete, ModelServer, type Received } from "../annotators/endpoint/server.ts"
import { runCommand } from "./run-command.ts"
import { expectPartition, expectWhole, publishedRows, readManifest, scene, sums } from "./scene.ts"

const questions = sums(60)
const ids = questions.map(({ id }) => id)

/** What judges make of "no"; the question's number chooses. */
const sayingNo = [
  '{"reason": "One number is right.", "decision": "no"}',
  "No, because one number is right.",
  "否",
  '```json\n{"reason": "Es gibt eine Zahl.", "decision": "nein"}\n```',
  '<think>yes or no?</think>{"decision": "no"}',
  "Non, car il n'y a qu'une réponse.",
]
const garbled = "Yes and no. \u202eIt depends on how you look at it."

let server: ModelServer
/** Whether the judge makes no sense about a question. */
let isGarbled: (number: number) => boolean

const numberIn = (text: string): number =>
  Number(/What is (\d+)|number (\d+)|\(a\) (\d+)/.exec(text)?.slice(1).find(Boolean))

function answer({ body }: Received): string {
  const { messages } = body as { messages: { role: string; content: string }[] }
  const system = messages[0]!.content
  const asked = messages.at(-1)!.content
  if (system.includes("Answer with JSON")) {
    const number = numberIn(asked)
    if (isGarbled(number)) return garbled
    return /essay|Prove/.test(asked) ? "是的，因为答案不唯一。" : sayingNo[number % sayingNo.length]!
  }
  if (system.startsWith("Name the subject")) return "数学"
  const sum = /What is (\d+) \+ (\d+)\?/.exec(asked)
  if (asked.includes("at once")) return "I do not know."
  return sum ? `<think>\nI add the two.\n</think>\n\n\\boxed{${Number(sum[1]) + Number(sum[2])}}` : "Hello there!"
}

beforeAll(async () => {
  server = await new ModelServer((request, response) => complete(response, answer(request))).start()
})
afterAll(() => server.stop())

test("what can mean one thing is read; the few questions on which it makes no sense fail alone, with its words", async () => {
  isGarbled = (number) => number % 30 === 5
  const { config, folder } = await scene(server.url, { questions, config: { failureLimit: 0.1 } })
  const run = join(folder, "run")
  const { code, stderr } = await runCommand(["run", config, "--out", run])
  expect(code, stderr).toBe(0)
  await expectWhole(run)
  await expectPartition(run, ids)
  const failed = await publishedRows(run, "failed")
  expect(failed.map(({ id, step, reason }) => [id, step, reason])).toEqual([
    ["q5", "not-verifiable", "malformed-judgement"],
    ["q35", "not-verifiable", "malformed-judgement"],
  ])
  expect(failed[0]!.message).toContain("the last one: Yes and no. \\u202eIt depends")
  const { drops } = await readManifest(run)
  const writing = questions.filter(({ question }) => /essay|Prove/.test(question)).length
  expect(drops["not-verifiable"]).toEqual({ "not-verifiable": writing })
  const dropped = await publishedRows(run, "dropped")
  const evidence = dropped
    .filter(({ step }) => step === "not-verifiable")
    .map((row) => JSON.parse(String(row.evidence)))
  expect(evidence[0]).toMatchObject({ reason: "是的，因为答案不唯一。", votes: { yes: 1, no: 0, unsure: 0 } })
})

test("a judge that never makes sense stops the run above its failure limit; a better one goes on", async () => {
  isGarbled = () => true
  const { config, folder } = await scene(server.url, { questions })
  const run = join(folder, "run")
  const { code, stderr } = await runCommand(["run", config, "--out", run])
  expect(code).toBe(1)
  expect(stderr).toContain("malformed-judgement")
  expect(stderr).not.toContain("\u202e")
  isGarbled = () => false
  // Another model behind the same address says so by its identity.
  const again = await runCommand(["run", config, "--out", run, "--set", "models.judge.identity=better"])
  expect(again.code, again.stderr).toBe(0)
  await expectPartition(run, ids)
  expect((await readManifest(run)).rows.failed).toBe(0)
})
