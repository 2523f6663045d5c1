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

/** What the judge of responses says about a response by its text; null for no answer at all. */
let saysOfResponse: (asked: string) => string | null = () => sayingNo[0]!

function answer({ body }: Received): string | null {
  const { messages, seed = 0 } = body as { messages: { role: string; content: string }[]; seed?: number }
  const system = messages[0]!.content
  const asked = messages.at(-1)!.content
  if (system.startsWith("You check worked answers")) return saysOfResponse(asked)
  if (system.includes("Answer with JSON")) {
    const number = numberIn(asked)
    if (isGarbled(number)) return garbled
    return /essay|Prove/.test(asked) ? "是的，因为答案不唯一。" : sayingNo[number % sayingNo.length]!
  }
  if (system.startsWith("Name the subject")) return "数学"
  const sum = /What is (\d+) \+ (\d+)\?/.exec(asked)
  if (asked.includes("at once")) return "I do not know."
  return sum
    ? `<think>\nI add the two, the ${seed % 2 === 0 ? "even" : "odd"} way.\n</think>\n\n\\boxed{${Number(sum[1]) + Number(sum[2])}}`
    : "Hello there!"
}

beforeAll(async () => {
  server = await new ModelServer((request, response) => {
    const text = answer(request)
    if (text !== null) complete(response, text)
  }).start()
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

/** Few questions, none of them for the judge of questions; every response is for the judge of responses. */
async function responseScene() {
  const role = { baseUrl: server.url, model: "fake", maxInFlight: 128 }
  return scene(server.url, {
    questions: questions.filter(({ question }) => question.startsWith("What")).slice(0, 20),
    config: {
      models: { drafter: role, judge: { ...role, timeoutMs: 3_000, attempts: 1 } },
      judging: { criteria: [], directAttempts: 0, labelDomains: false },
      reserve: { share: 0 },
      drafts: { initial: 4, maximum: 4, maxTokens: 512 },
      filters: { guesswork: { judge: "always" }, summary: { judge: "off" } },
      failureLimit: 0.3,
    },
  })
}
const isOdd = (asked: string) => asked.includes("the odd way")

test("a judge of responses in prose and in other languages is read; one that makes no sense costs the response alone", async () => {
  isGarbled = () => false
  saysOfResponse = (asked) => (isOdd(asked) ? garbled : sayingNo[asked.length % sayingNo.length]!)
  const { config, folder } = await responseScene()
  const run = join(folder, "run")
  const { code, stderr } = await runCommand(["run", config, "--out", run])
  expect(code, stderr).toBe(0)
  await expectWhole(run)
  const responses = await publishedRows(run, "unfiltered")
  const failed = await publishedRows(run, "failed")
  const odd = responses.filter(({ completion }) => isOdd(JSON.stringify(completion)))
  expect(odd.length).toBeGreaterThan(10)
  for (const { completion, rejected_by, rejection_evidence } of responses) {
    const isUnread = isOdd(JSON.stringify(completion))
    expect(rejected_by).toBe(isUnread ? "guesswork: not-judged" : null)
    if (isUnread) expect(String(rejection_evidence)).toContain("malformed-judgement")
  }
  // A question fails only where no response of it could be judged: all four are odd.
  for (const { reason, row } of failed) {
    expect(reason).toBe("malformed-judgement")
    expect(JSON.parse(String(row)).rollouts.every(({ thinking }: { thinking: string }) => isOdd(thinking))).toBe(true)
  }
  const { tallies } = await readManifest(run)
  expect(tallies["judge-responses"]!["guesswork: not-judged"]).toBe(odd.length)
})

test("a judge of responses that never answers: what it left is asked again by the next run, and nothing else", async () => {
  saysOfResponse = (asked) => (isOdd(asked) ? null : sayingNo[0]!)
  const { config, folder } = await responseScene()
  const run = join(folder, "run")
  const { code, stderr } = await runCommand(["run", config, "--out", run])
  expect(code, stderr).toBe(0)
  const first = await publishedRows(run, "unfiltered")
  const left = first.filter(({ rejected_by }) => rejected_by === "guesswork: not-judged")
  expect(left.length).toBeGreaterThan(10)
  for (const { rejection_evidence } of left) expect(String(rejection_evidence)).toContain("timed-out")
  const asked = server.received.length
  saysOfResponse = () => sayingNo[0]!
  const again = await runCommand(["run", config, "--out", run])
  expect(again.code, again.stderr).toBe(0)
  const second = await publishedRows(run, "unfiltered")
  expect(second.every(({ rejected_by }) => rejected_by === null)).toBe(true)
  expect(await publishedRows(run, "failed")).toEqual([])
  const repeated = server.received.slice(asked).map(({ body }) => String(body.messages.at(-1).content))
  expect(repeated.filter((content) => !isOdd(content))).toEqual([])
  // The odd drafts of a question say the same, and are one request.
  const odd = second.filter(({ completion }) => isOdd(JSON.stringify(completion)))
  expect(repeated).toHaveLength(new Set(odd.map(({ question_id }) => question_id)).size)
})
