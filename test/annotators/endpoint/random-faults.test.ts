import { expect, test } from "vitest"
import { chunk, complete, completion, json, promptOf, type Reply, refuse, startStream } from "./server.ts"
import { chat, setUp } from "./setting.ts"

/** Deterministic numbers in [0, 1). */
function sequence(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const faults: Reply[] = [
  (_, response) => refuse(response, 500),
  (_, response) => refuse(response, 429),
  (_, response) => refuse(response, 503, "", {}, { "retry-after-ms": "10" }),
  (_, response) => json(response, '{"choices": ['),
  (_, response) => json(response, { ...completion("x"), choices: [] }),
  (_, response) => complete(response, ""),
  (_, response) => complete(response, "\u001b]0;owned\u0007"),
  (_, response) => json(response, JSON.stringify(completion("x")).replace('"x"', '"\\udfff"')),
  (_, response) => json(response, Buffer.from([0x7b, 0xc3, 0x28, 0x7d])),
  (_, response) => response.socket!.resetAndDestroy(),
  (_, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "500" })
    response.write('{"choices":', () => response.destroy())
  },
  (_, response) => {
    startStream(response)
    response.write(chunk({ content: "half" }))
    response.end()
  },
  (_, response) => {
    response.writeHead(200, { "content-type": "text/html" })
    response.end("<html></html>")
  },
  () => {},
]

test.each([
  ["unstreamed", 100_000],
  ["streamed", 0],
])("a quarter of all replies is faulty: 300 calls, 300 right answers (%s)", async (_name, streamAboveTokens) => {
  const random = sequence(7)
  let faulty = 0
  const { endpoint } = await setUp(
    (request, response) => {
      if (random() < 0.25) {
        faulty++
        return faults[Math.floor(random() * faults.length)]!(request, response)
      }
      const answer = `The answer to ${promptOf(request)} is ✓`
      if (!request.body.stream) return complete(response, answer)
      startStream(response)
      const bytes = Buffer.from(chunk({ content: answer }) + chunk({}, "stop"))
      const cut = bytes.indexOf(0xe2) + 1
      response.write(bytes.subarray(0, cut), () => response.end(bytes.subarray(cut)))
    },
    { config: { maxInFlight: 32, attempts: 12, idleTimeoutMs: 2_000, streamAboveTokens } },
  )
  const answers = await Promise.all(Array.from({ length: 300 }, (_, row) => chat(endpoint, `q${row}`)))
  expect(answers.map(({ value }) => value.answer)).toEqual(
    Array.from({ length: 300 }, (_, row) => `The answer to q${row} is ✓`),
  )
  expect(faulty).toBeGreaterThan(50)
  expect(endpoint.counters()).toMatchObject({ calls: 300, inFlight: 0, waiting: 0 })
})
