import { describe, expect, test } from "vitest"
import type { Verifiable } from "../../annotators/verify-answer.ts"
import { answerOf, canVote, isMajority, voteOf } from "../../annotators/vote.ts"
import { MemoryEffects } from "./endpoint/setting.ts"

const effects = new MemoryEffects()
const maths: Verifiable = { reference: "7", choices: null, verifier: null, verifierOptions: null }
const choice: Verifiable = { ...maths, reference: null, choices: ["Paris", "London", "Rome"] }
const code: Verifiable = { ...maths, verifier: "code-tests" }

const vote = (answers: readonly (string | null)[], question = maths) =>
  voteOf(
    answers.map((extracted, at) => ({ extracted, exchange: `x${at}` })),
    question,
    effects,
  )

describe("voteOf", () => {
  test("counts spellings of one value as one answer and names the commonest", async () => {
    expect(await vote(["1/2", "0.5", "\\frac{1}{2}", "0.5", "3", null, "50\\%"])).toEqual({
      answer: "0.5",
      votes: 5,
      of: 6,
      runnerUp: 1,
      exchanges: ["x0", "x1", "x2", "x3", "x6"],
    })
  })

  test("of letters only the same are one", async () => {
    expect(await vote(["B", "B", "C", "A"], choice)).toMatchObject({ answer: "B", votes: 2, of: 4, runnerUp: 1 })
  })

  test("two answers are one only when each is right with the other as reference", async () => {
    // A bare number passes for a reference with a unit; another unit does not pass for it.
    const units = await vote(["5 km", "5 kg", "5 km"])
    expect(units).toMatchObject({ answer: "5 km", votes: 2, runnerUp: 1 })
  })

  test("keeps the question's own options", async () => {
    const rounded = { ...maths, verifierOptions: '{"decimals": 2}' }
    expect(await vote(["3.1416", "3.142"], rounded)).toMatchObject({ votes: 2 })
    expect(await vote(["3.1416", "3.142"])).toMatchObject({ votes: 1 })
  })

  test("has nothing to say of no answers, blank ones, and ones that may have been cut", async () => {
    expect(await vote([])).toBeNull()
    expect(await vote([null, "", "  "])).toBeNull()
    const long = `1${"+1".repeat(400)}`.slice(0, 512)
    expect(await vote([long, long])).toBeNull()
  })

  test("the first of equal classes is named, and the tie shows", async () => {
    expect(await vote(["4", "5", "5", "4"])).toMatchObject({ answer: "4", votes: 2, runnerUp: 2 })
  })
})

test("a majority has the votes, the share and more than any other", async () => {
  const rule = { minimumVotes: 3, minimumShare: 0.5 }
  const believed = async (answers: string[], of = rule) => isMajority((await vote(answers))!, of)
  expect(await believed(["4", "4", "4"])).toBe(true)
  expect(await believed(["4", "4"])).toBe(false)
  expect(await believed(["4", "4", "4", "5", "6", "7"])).toBe(true)
  expect(await believed(["4", "4", "4", "5", "6", "7", "8"])).toBe(false)
  expect(await believed(["4", "4", "4", "5", "5", "5"])).toBe(false)
  expect(await believed(["4", "4", "4", "4.0", "5"], { ...rule, minimumShare: 1 })).toBe(false)
})

test("programs never vote, nor do answers of a verifier that nobody knows", () => {
  expect([maths, choice, { ...maths, reference: null }].map(canVote)).toEqual([true, true, true])
  expect([code, { ...maths, verifier: "no-such" }].map(canVote)).toEqual([false, false])
})

describe("answerOf finds a final answer without a reference", () => {
  const open = { ...maths, reference: null }
  test.each([
    ["So \\boxed{\\frac{3}{4}}.", open, "\\frac{3}{4}"],
    ["<think>\nperhaps 9\n</think>\n\nThe answer is 12.", open, "12"],
    ["So \\boxed{x^2+1}.", open, "x^2+1"],
    ["So \\boxed{Paris}.", open, "Paris"],
    ["The answer is (B).", choice, "B"],
    ["I cannot say.", choice, null],
    ["Hm.", open, null],
  ] as const)("%s", async (response, question, answer) => {
    expect(await answerOf(response, question, effects)).toBe(answer)
  })
})
