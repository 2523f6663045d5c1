import { expect, it } from "vitest"
import { labelSamples } from "../../../pipelines/mode-fusion/label-samples.ts"

const labels = (user: string, answer: string, more: object = {}) => {
  const row = {
    category: null,
    domain: null,
    language: null,
    prompt: [{ role: "user", content: user }],
    completion: [{ role: "assistant", content: `<think>\n\n</think>\n\n${answer}` }],
    ...more,
  }
  const { category, language, domain } = (labelSamples().run(row, new Map()) as { keep: Record<string, unknown>[] })
    .keep[0]!
  return { category, language, domain }
}

it("takes the source's labels in one spelling", () => {
  expect(labels("a", "b", { category: "Creative_Writing", language: "zh-Hans" })).toEqual({
    category: "creative-writing",
    language: "zh",
    domain: "creative-writing",
  })
  expect(labels("a", "b", { domain: "Maths", language: "EN" })).toEqual({
    category: "mathematics",
    language: "en",
    domain: "Maths",
  })
  expect(labels("a", "b", { category: " - ", language: "en" })).toMatchObject({ category: "-" })
})
it.each([
  ["en", "What is 5 + 4?", "The answer is 9."],
  ["zh", "一个三角形的底是 10 厘米，面积是多少？", "面积是 30 平方厘米。"],
  ["ja", "日本で一番高い山は何ですか。", "富士山です。"],
  [
    "de",
    "Wie prüfe ich, ob ein Schlüssel in einem Wörterbuch steht?",
    "Das geht mit dem Operator, und er ist nicht schwer.",
  ],
  ["unknown", "2+2?", "4"],
])("reads %s", (language, user, answer) => expect(labels(user, answer).language).toBe(language))
it("says unknown where nothing names a category", () => expect(labels("Hi there", "Hello").category).toBe("unknown"))
