import { expect, test } from "vitest"
import { complete, json, promptOf, refuse } from "./server.ts"
import { chat, quick, setUp, sleep, until } from "./setting.ts"

const ask = (endpoint: Parameters<typeof chat>[0], count: number) =>
  Promise.all(Array.from({ length: count }, (_, row) => chat(endpoint, `row ${row}`)))

test("a hidden capacity is found: nearly all requests are served at once, none is lost", async () => {
  // Until its code is compiled the client has far more under way than have reached the server: the first window is found late, which
  // takes some dozens of refusals.
  const requests = 6_000
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
    // A refused size is tried again after a while that doubles, as with the client's own waits.
    { config: { maxInFlight: 256, attempts: 1 }, timing: { ...quick, pauseMs: 200, pauseCapMs: 60_000 } },
  )
  const answers = await ask(endpoint, requests)
  expect(answers.map(({ value }) => value.answer)).toEqual(Array.from({ length: requests }, (_, row) => `row ${row}`))
  expect(refused).toBeGreaterThan(0)
  expect(refused / requests).toBeLessThan(0.02)
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
  // Four at work and a reserve of eight; the window follows by halves.
  await until(() => endpoint.counters().window < 24)
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

test("a server that says nothing of its queue is judged by how long the first token takes", async () => {
  let running = 0
  let most = 0
  const waiting: (() => void)[] = []
  const { endpoint, server } = await setUp(
    async (request, response) => {
      if (request.path === "/metrics") return refuse(response, 404)
      response.writeHead(200, { "content-type": "text/event-stream" })
      if (running >= 4) await new Promise<void>((resolve) => waiting.push(resolve))
      most = Math.max(most, ++running)
      for (let part = 0; part < 4; part++) {
        await sleep(5)
        response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "word " } }] })}\n\n`)
      }
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}\n\n`)
      running--
      waiting.shift()?.()
      response.end("data: [DONE]\n\n")
    },
    { config: { maxInFlight: 128, streamAboveTokens: 0 } },
  )
  const answers = ask(endpoint, 600)
  // Four at work and a reserve of eight; the window follows by halves.
  await until(() => endpoint.counters().window < 24)
  expect(await answers).toHaveLength(600)
  expect(server.mostInFlight).toBeGreaterThan(24)
  expect(most).toBe(4)
})

test("after a storm the window opens with the answers", async () => {
  let answers = 0
  let storm = false
  const { endpoint, server } = await setUp(
    async (request, response) => {
      if (storm) return refuse(response, 429)
      await sleep(30)
      answers++
      complete(response, promptOf(request))
    },
    { config: { maxInFlight: 64, attempts: 1 } },
  )
  const asked = ask(endpoint, 2_000)
  await until(() => answers > 400)
  expect(endpoint.counters().window).toBe(64)
  storm = true
  await until(() => endpoint.counters().paused !== null && server.inFlight === 0)
  await sleep(300)
  storm = false
  const before = answers
  await until(() => server.inFlight > 40)
  // One more with each answer, as after any pause.
  expect(answers - before).toBeLessThan(150)
  expect(await asked).toHaveLength(2_000)
})
