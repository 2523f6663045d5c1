import { expect, test } from "vitest"
import { complete, json, promptOf, refuse } from "./server.ts"
import { chat, quick, setUp, sleep } from "./setting.ts"

const ask = (endpoint: Parameters<typeof chat>[0], count: number) =>
  Promise.all(Array.from({ length: count }, (_, row) => chat(endpoint, `row ${row}`)))

test("a hidden capacity is found: nearly all requests are served at once, none is lost", async () => {
  let busy = 0
  let refused = 0
  const { endpoint, events } = await setUp(
    async (request, response) => {
      if (busy >= 24) {
        refused++
        return refuse(response, 429)
      }
      busy++
      await sleep(10)
      busy--
      complete(response, promptOf(request))
    },
    { config: { maxInFlight: 256, attempts: 1 } },
  )
  const answers = await ask(endpoint, 3_000)
  expect(answers.map(({ value }) => value.answer)).toEqual(Array.from({ length: 3_000 }, (_, row) => `row ${row}`))
  expect(refused).toBeGreaterThan(0)
  expect(refused / 3_000).toBeLessThan(0.02)
  expect(endpoint.counters().window).toBeLessThan(64)
  // It is at its limit, not overloaded: nobody waits for it. Before its first answer that cannot be told.
  expect(events.filter(({ kind }) => kind === "paused").length).toBeLessThanOrEqual(1)
})

test("a server that lets requests wait instead of refusing them is sent what it can work on", async () => {
  let running = 0
  const waiting: (() => void)[] = []
  const { endpoint, server } = await setUp(
    async (request, response) => {
      if (request.path === "/metrics")
        return json(response, `vllm:num_requests_running ${running}\nvllm:num_requests_waiting ${waiting.length}\n`)
      if (running >= 4) await new Promise<void>((resolve) => waiting.push(resolve))
      running++
      await sleep(20)
      running--
      waiting.shift()?.()
      complete(response, promptOf(request))
    },
    { config: { maxInFlight: 128 }, timing: { ...quick, metricsMs: 40 } },
  )
  const answers = ask(endpoint, 300)
  await sleep(600)
  // Four at work and a reserve of eight; the window follows by halves.
  expect(endpoint.counters().window).toBeLessThan(24)
  expect(server.received.some(({ path, headers }) => path === "/metrics" && headers.authorization === undefined)).toBe(
    true,
  )
  expect(await answers).toHaveLength(300)
})

test("a server without metrics is asked for them once", async () => {
  const { endpoint, server } = await setUp(
    async (request, response) => {
      if (request.path === "/metrics") return refuse(response, 404)
      await sleep(10)
      complete(response, promptOf(request))
    },
    { config: { maxInFlight: 16 }, timing: { ...quick, metricsMs: 20 } },
  )
  await ask(endpoint, 200)
  expect(server.received.filter(({ path }) => path === "/metrics")).toHaveLength(1)
})
