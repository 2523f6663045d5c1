import { expect, test } from "vitest"
import { ReportedModels } from "../../../annotators/endpoint/reported-models.ts"
import { complete, ModelServer } from "./server.ts"
import { chat, endpointTo, setUp } from "./setting.ts"

const a = { baseUrl: "http://key:secret@one:8000/v1?token=hidden" }
const b = { baseUrl: "http://two:8000/v1" }
const as = (model: string, fingerprint: string | null = null) => ({ model, fingerprint })

function watched(before: ReturnType<typeof as>[] = []) {
  const warnings: string[] = []
  return { warnings, reported: new ReportedModels("drafter", before, (message) => warnings.push(message)) }
}

test("a server that answers as another is told once for each name, with both names and what to do", () => {
  const { warnings, reported } = watched()
  for (const name of ["QwQ-32B", "QwQ-32B", "QwQ-7B", "QwQ-32B", "QwQ-7B", "QwQ-7B"]) reported.answered(a, as(name))
  expect(warnings).toEqual([
    "the drafter at one:8000 answered as QwQ-32B until now, now as QwQ-7B: if the weights changed, set models.drafter.identity",
  ])
})

test("a fingerprint counts, and so does one that goes away", () => {
  const { warnings, reported } = watched()
  for (const fingerprint of ["fp_1", "fp_2", null]) reported.answered(a, as("m", fingerprint))
  expect(warnings.length).toBe(2)
  expect(warnings[0]).toContain("answered as m (fp_1) until now, now as m (fp_2):")
  expect(warnings[1]).toContain("answered as m (fp_2) until now, now as m:")
})

test("replicas that differ are told by their hosts and nothing else of their URLs", () => {
  const { warnings, reported } = watched()
  for (let i = 0; i < 3; i++) {
    reported.answered(a, as("QwQ-32B"))
    reported.answered(b, as("Llama"))
  }
  expect(warnings.length).toBe(1)
  expect(warnings[0]).toContain("one:8000 answers as QwQ-32B, two:8000 as Llama")
  expect(warnings.join()).not.toMatch(/key|secret|hidden/)
})

test("a server that moves stays the same", () => {
  const { warnings, reported } = watched()
  const moving = { baseUrl: "http://127.0.0.1:1/v1" }
  reported.answered(moving, as("m"))
  moving.baseUrl = "http://127.0.0.1:2/v1"
  reported.answered(moving, as("m"))
  reported.answered(moving, as("n"))
  expect(warnings).toEqual([expect.stringContaining("the drafter at 127.0.0.1:2 answered as m until now, now as n")])
})

test("what answered before the run counts; of several names each is known", () => {
  const same = watched([as("m", "fp_2"), as("m", "fp_1")])
  same.reported.answered(a, as("m", "fp_1"))
  expect(same.warnings).toEqual([])
  const other = watched([as("m", "fp_2"), as("m", "fp_1")])
  other.reported.answered(a, as("m", "fp_3"))
  other.reported.answered(b, as("m", "fp_3"))
  expect(other.warnings).toEqual([expect.stringContaining("answered as m (fp_2) until now, now as m (fp_3)")])
})

test("a server with a new name for each answer does not fill the log, nor a long or hostile one a line", () => {
  const { warnings, reported } = watched()
  for (let i = 0; i < 1_000; i++) reported.answered(a, as("m", `fp_${i}`))
  expect(warnings.length).toBeLessThan(12)
  expect(warnings.at(-1)).toContain("further changes")
  const hostile = watched()
  hostile.reported.answered(a, as("m"))
  hostile.reported.answered(a, as(`\u001b[2J${"x".repeat(1e6)}`))
  expect(hostile.warnings[0]!.length).toBeLessThan(500)
  expect(hostile.warnings[0]).not.toContain("\u001b")
})

test("an endpoint keeps the names with each answer and warns of a change, which is no error", async () => {
  let index = 0
  const reply = (_: unknown, response: Parameters<typeof complete>[0]) => complete(response, `answer ${index++}`, {})
  const { endpoint, events, server } = await setUp(reply)
  const first = await chat(endpoint, "one")
  server.reply = (_, response) => {
    response.writeHead(200, { "content-type": "application/json" })
    response.end(
      JSON.stringify({
        model: "tiny-2",
        system_fingerprint: "fp_2",
        choices: [{ index: 0, message: { role: "assistant", content: "new" }, finish_reason: "stop" }],
      }),
    )
  }
  const second = await chat(endpoint, "two")
  expect([first.value.model, first.value.fingerprint]).toEqual(["tiny", "fp_1"])
  expect([second.value.model, second.value.fingerprint]).toEqual(["tiny-2", "fp_2"])
  const warnings = events.filter(({ kind }) => kind === "warning")
  expect(warnings).toEqual([
    {
      role: "drafter",
      kind: "warning",
      message:
        `the drafter at 127.0.0.1:${server.port} answered as tiny (fp_1) until now, now as tiny-2 (fp_2): ` +
        "if the weights changed, set models.drafter.identity",
    },
  ])
})

test("an endpoint warns of replicas that differ, and of another than in the ledger", async () => {
  const replica = await new ModelServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json" })
    response.end(
      JSON.stringify({
        model: "other",
        choices: [{ index: 0, message: { role: "assistant", content: "new" }, finish_reason: "stop" }],
      }),
    )
  }).start()
  const main = await new ModelServer().start()
  const { endpoint, events } = endpointTo(main, {
    config: { replicas: [replica.url] },
    reportedBefore: [{ model: "older", fingerprint: null }],
  })
  try {
    for (let i = 0; i < 8; i++) await Promise.all([chat(endpoint, `${i}a`), chat(endpoint, `${i}b`)])
    const warnings = events.flatMap((event) => (event.kind === "warning" ? [event.message] : []))
    expect(warnings.length).toBe(2)
    expect(warnings[0]).toContain("answered as older until now")
    expect(warnings[1]).toContain("the replicas of models.drafter differ")
    for (const { port } of [main, replica]) expect(warnings[1]).toContain(`127.0.0.1:${port}`)
  } finally {
    await endpoint.close()
    await replica.stop()
  }
})
