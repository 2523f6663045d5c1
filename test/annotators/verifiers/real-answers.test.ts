import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { math } from "../../../annotators/verifiers/math.ts"

const data = process.env.COTYLEDON_DATA ?? "../shared/data"
const has = existsSync(join(data, "questions"))
const rows = (file: string): { id: string; reference: string; solution: string }[] =>
  readFileSync(join(data, "questions", file), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))

/** Ids of the rows whose completion does not get the verdict. */
const others = (pairs: { id: string; completion: string; reference: string }[], verdict: string) =>
  pairs.filter((pair) => math.verify(pair).verdict !== verdict).map(({ id }) => id)

describe.skipIf(!has)(`real answers (skipped: no ${data}/questions; set COTYLEDON_DATA)`, () => {
  it("every GSM8K solution gives its reference", () => {
    for (const file of ["gsm8k-train.jsonl", "gsm8k-test.jsonl"])
      expect(
        others(
          rows(file).map(({ id, solution, reference }) => ({ id, completion: solution, reference })),
          "correct",
        ),
      ).toEqual([])
  })
  it("no GSM8K solution gives another row's reference, unless it is the same number", () => {
    const all = rows("gsm8k-train.jsonl")
    const number = (text: string) => Number(text.replaceAll(",", ""))
    const pairs = all.flatMap(({ id, solution, reference }, i) => {
      const other = all[(i + 1) % all.length]!.reference
      return number(other) === number(reference) ? [] : [{ id, completion: solution, reference: other }]
    })
    expect(pairs.length).toBeGreaterThan(7_000)
    expect(others(pairs, "incorrect")).toEqual([])
  })
  it("without its marker a GSM8K solution still ends in its reference, in 98 of 100", () => {
    const pairs = rows("gsm8k-train.jsonl").map(({ id, solution, reference }) => ({
      id,
      completion: solution.replace(/\n####.*/, "").replace(/<<.*?>>/g, ""),
      reference,
    }))
    expect(others(pairs, "correct").length / pairs.length).toBeLessThan(0.02)
  })
  it("every CMATH reference is read from Chinese sentences", () => {
    const fullWidth = (text: string) => text.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))
    const sentences = [
      (answer: string) => `先算3+4=7。\n所以答案是${answer}。`,
      (answer: string) => `3+4=7\n答：一共需要${answer}个苹果。`,
      (answer: string) => `答案为：${fullWidth(answer)}元`,
      (answer: string) => `小明有3个，给了2个，所以最后一共有${answer}元。`,
    ]
    for (const sentence of sentences)
      expect(
        others(
          rows("cmath-zh.jsonl").map(({ id, reference }) => ({ id, completion: sentence(reference), reference })),
          "correct",
        ),
      ).toEqual([])
  })
  it("every AIME solution gives its reference", () => {
    expect(
      others(
        rows("aime24.jsonl").map(({ id, solution, reference }) => ({ id, completion: solution, reference })),
        "correct",
      ),
    ).toEqual([])
  })
})
