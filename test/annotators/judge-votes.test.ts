import { expect, test } from "vitest"
import { askForVotes, isSettled, majorityOf } from "../../annotators/judge-votes.ts"
import { complete, type Reply } from "./endpoint/server.ts"
import { ask, failure, MemoryEffects, setUp } from "./endpoint/setting.ts"

const request = { ...ask("q", { temperature: 0.7 }), seed: 5 }

/** A server that holds to no schema and gives these answers in turn. */
const inTurn =
  (answers: readonly string[]): Reply =>
  ({ index }, response) =>
    complete(response, index === 0 ? "Hello!" : answers[(index - 1) % answers.length]!)

const json = (decision: string) => JSON.stringify({ reason: `because of ${decision}`, decision })

test.each([
  // Votes in turn, how many are wanted, what they come to, how many are asked.
  ["yes", 1, "yes", 1],
  ["yes yes no", 3, "yes", 2],
  ["yes no no", 3, "no", 3],
  ["no no no no no", 5, "no", 3],
  ["yes no unsure", 3, "unsure", 3],
  ["unsure unsure", 3, "unsure", 2],
  ["yes no", 2, "unsure", 2],
  ["yes yes no no", 4, "unsure", 4],
  ["yes no unsure yes no", 5, "unsure", 5],
  // Neither can have four of six any more.
  ["yes yes no no unsure yes", 6, "unsure", 5],
])("%s of %i: %s, after %i votes", async (said, count, decision, asked) => {
  const { endpoint, server } = await setUp(inTurn(said.split(" ").map(json)))
  const voted = await askForVotes(endpoint, new MemoryEffects(), request, count)
  expect(voted.decision).toBe(decision)
  expect(server.received).toHaveLength(1 + asked)
  expect(voted.votes.yes + voted.votes.no + voted.votes.unsure).toBe(asked)
  expect(voted.exchanges).toHaveLength(asked)
  const won =
    said
      .split(" ")
      .slice(0, asked)
      .filter((one) => one === decision).length *
      2 >
    count
  expect(voted.reason).toBe(won ? `because of ${decision}` : null)
})

test("each vote has a seed of its own; more votes ask for the further ones alone", async () => {
  const { endpoint, server } = await setUp(inTurn(["yes", "no", "yes", "no", "no"].map(json)))
  const effects = new MemoryEffects()
  expect((await askForVotes(endpoint, effects, request, 3)).decision).toBe("yes")
  expect((await askForVotes(endpoint, effects, request, 5)).votes).toEqual({ yes: 2, no: 3, unsure: 0 })
  expect(server.received).toHaveLength(1 + 5)
  expect(new Set(server.received.slice(1).map(({ body }) => body.seed)).size).toBe(5)
  const samples = [...effects.settled.keys()].map((key) => JSON.parse(key) as [string, string, unknown, number])
  expect(samples.filter(([kind]) => kind === "chat").map(([, , , sample]) => sample)).toEqual([0, 1, 2, 3, 4])
})

test("a vote that cannot be read is none; where those are the majority the row fails and says what came", async () => {
  const [garbled, yes] = ["As a language model I", json("yes")]
  const some = await setUp(inTurn([garbled, garbled, garbled, yes, yes]))
  const voted = await askForVotes(some.endpoint, new MemoryEffects(), request, 3)
  expect(voted).toMatchObject({ decision: "yes", votes: { yes: 2, no: 0, unsure: 0 } })
  const most = await setUp(inTurn([garbled]))
  const error = await failure(askForVotes(most.endpoint, new MemoryEffects(), request, 3))
  expect(error).toMatchObject({ reason: "malformed-judgement", retryable: false })
  expect(error.message).toContain("the last one: As a language model I")
  // Three tries for each of two votes; the third could change nothing.
  expect(most.server.received).toHaveLength(1 + 6)
})

test("early or to the end, the majority is the same", () => {
  const outcomes = ["yes", "no", "unsure", "unread"] as const
  for (let count = 1; count <= 5; count++)
    for (let code = 0; code < 4 ** count; code++) {
      const all = Array.from({ length: count }, (_, at) => outcomes[Math.floor(code / 4 ** at) % 4]!)
      const asked = all.findIndex((_, at) => isSettled(all.slice(0, at), count))
      const early = all.slice(0, asked === -1 ? count : asked)
      expect(majorityOf(early, count)).toBe(majorityOf(all, count))
    }
})
