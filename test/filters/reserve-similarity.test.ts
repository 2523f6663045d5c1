import { describe, expect, it } from "vitest"
import { reserveSimilarity } from "../../filters/reserve-similarity.ts"
import { RowError } from "../../pipelines/runtime/errors.ts"
import type { Reason, Row } from "../../pipelines/runtime/step.ts"
import { responseFilterConfig } from "../../schemas/config.ts"
import { reserveCases, reserveRows } from "../fixtures/responses/reserve.ts"
import { checkLabelled, rowOf } from "./labelled.ts"

const defaults = responseFilterConfig.parse({}).similarity
const fresh = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `w${from + i}`).join(" ")
const freshHan = (count: number, from = 0) =>
  String.fromCodePoint(...Array.from({ length: count }, (_, i) => 0x4e00 + from + i))
const judge = (reserve: Row[], columns: Row, params = defaults) =>
  reserveSimilarity(params).run(
    { question: "", thinking: null, answer: "", ...columns },
    new Map([["reserve", reserve]]),
  ) as Reason | null

const long = [
  { id: "r1", question: fresh(30) },
  { id: "r2", question: fresh(30, 100) },
]

describe("reserve-similarity", () => {
  it("keeps what shares nothing, and everything where the reserve is empty", () => {
    expect(judge(long, { question: fresh(30, 500), answer: fresh(300, 600) })).toBeNull()
    expect(judge([], { question: fresh(30) })).toBeNull()
  })
  it("drops the reserve question itself, in other case and punctuation", () => {
    const found = judge(long, { question: fresh(30, 100).toUpperCase().replaceAll(" ", ", ") })
    expect(found).toMatchObject({ reason: "reserve-similarity", measured: 1, threshold: defaults.maxShare })
    expect(found?.evidence).toMatchObject({ part: "question", questions: ["r2"] })
  })
  it("measures the share of n-grams in the worst part", () => {
    // 100 words have 88 13-grams; 20 shared words have 8 of them.
    const answer = `${fresh(20)} ${fresh(80, 900)}`
    const found = judge(long, { answer }, { ...defaults, maxShare: 0.09 })
    expect(found?.measured).toBeCloseTo(8 / 88, 12)
    expect(found?.evidence).toMatchObject({ part: "answer", questions: ["r1"], ngrams: [fresh(13)] })
    expect(judge(long, { answer })).toBeNull()
    expect(judge(long, { thinking: answer }, { ...defaults, maxShare: 0.09 })?.evidence).toMatchObject({
      part: "thinking",
    })
  })
  it("needs a whole n-gram", () => {
    expect(judge(long, { question: `${fresh(12)} x` })).toBeNull()
    expect(judge(long, { question: `${fresh(13)} x` })).not.toBeNull()
  })
  it("finds a question quoted inside long thinking, where its share is nothing", () => {
    const thinking = `${fresh(12_000, 2_000)} ${fresh(30, 100)} ${fresh(12_000, 20_000)}`
    const found = judge(long, { thinking })
    expect(found).toMatchObject({ measured: 1, threshold: defaults.maxCoverage, evidence: { questions: ["r2"] } })
    const { spans } = found!.evidence as { spans: [number, number][] }
    expect(thinking.slice(...spans[0]!)).toBe(fresh(13, 100))
    // 30 words have 18 13-grams; 21 shared words have 9 of them, 22 have 10.
    expect(judge(long, { thinking: `${fresh(900, 2_000)} ${fresh(21, 100)} x ${fresh(900, 5_000)}` })).toBeNull()
    expect(judge(long, { thinking: `${fresh(900, 2_000)} ${fresh(22, 100)} x ${fresh(900, 5_000)}` })).not.toBeNull()
  })
  it("counts an n-gram for every reserve question that has it, and once", () => {
    const pair = [
      { id: "a", question: `${fresh(25)} ${fresh(5, 300)}` },
      { id: "b", question: `${fresh(25)} ${fresh(5, 400)}` },
    ]
    const thinking = (shared: string) => `${fresh(900, 2_000)} ${shared} ${fresh(900, 5_000)}`
    expect(judge(pair, { thinking: thinking(`${fresh(25)} ${fresh(5, 400)}`) })?.measured).toBe(1)
    const once = `${fresh(15)} x `
    expect(judge(pair, { thinking: thinking(once.repeat(12)) })).toBeNull()
  })
  it("does not look for questions of one or two words", () => {
    expect(judge([{ id: "t", question: "Who won?" }], { answer: "Who won? We did." })).toBeNull()
  })
  it("does not join two reserve questions into an n-gram", () => {
    const pair = [
      { id: "a", question: fresh(20) },
      { id: "b", question: fresh(20, 20) },
    ]
    expect(judge(pair, { question: fresh(14, 13) })).toBeNull()
  })
  it("compares short questions as a whole, signs included", () => {
    const short = [
      { id: "s1", question: "What is 7 - 5?" },
      { id: "s2", question: "What is 7 + 5?" },
    ]
    const found = judge(short, { thinking: "Let me see: what is 7 + 5? It is 12." })
    expect(found).toMatchObject({ measured: 1, evidence: { questions: ["s2"], ngrams: ["what is 7 + 5"] } })
    expect(judge(short, { answer: "what is 7 * 5?" })).toBeNull()
    expect(judge(short, { answer: "what is 7?" })).toBeNull()
  })
  it("counts characters in Chinese", () => {
    const reserve = [{ id: "z", question: freshHan(60) }]
    expect(judge(reserve, { question: freshHan(19) + freshHan(1, 500) })).toBeNull()
    expect(judge(reserve, { question: freshHan(20) })?.evidence).toMatchObject({ questions: ["z"] })
    expect(judge([{ id: "k", question: "小明有几个苹果？" }], { question: "问：小明有几个苹果？" })?.measured).toBe(1)
  })
  it("bounds its evidence", () => {
    const many = Array.from({ length: 40 }, (_, i) => ({ id: `m${i}`, question: fresh(20, i * 50) }))
    const { questions, ngrams } = judge(many, { answer: many.map(({ question }) => question).join(" x ") })!
      .evidence as { questions: string[]; ngrams: string[] }
    expect(questions.length).toBe(8)
    expect(ngrams.length).toBe(8)
    expect(Math.max(...ngrams.map((ngram) => ngram.length))).toBeLessThanOrEqual(160)
  })
  it("fails where the side dataset is missing, and survives empty and odd questions", () => {
    expect(() => reserveSimilarity(defaults).run({ answer: "5" }, new Map())).toThrow(RowError)
    expect(
      judge(
        [
          { id: "e", question: "" },
          { id: "n", question: null },
          { id: "p", question: "?!" },
        ],
        { answer: "? !" },
      ),
    ).toBeNull()
  })
  it("hashes each side once and tells two sides apart", () => {
    let reads = 0
    const rows = [
      {
        id: "c",
        get question() {
          reads++
          return fresh(20)
        },
      },
    ]
    const step = reserveSimilarity(defaults)
    const run = (reserve: Row[], question: string) =>
      step.run({ question, answer: "" }, new Map([["reserve", reserve]]))
    for (let i = 0; i < 3; i++) expect(run(rows, fresh(20))).not.toBeNull()
    const readsOfOne = reads
    expect(run(rows, fresh(20))).not.toBeNull()
    expect(reads).toBe(readsOfOne)
    expect(run([{ id: "d", question: fresh(20, 700) }], fresh(20))).toBeNull()
  })
})

checkLabelled(reserveCases, (one) => judge(reserveRows, rowOf(one))?.reason ?? null)
