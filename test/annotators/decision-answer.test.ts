import { expect, test } from "vitest"
import { keptReason, readDecision } from "../../annotators/decision-answer.ts"

const read = (answer: string, whole = true) => {
  const reading = readDecision(answer, whole)
  return "value" in reading ? reading.value : reading.problem
}

test.each([
  ["what was asked for", '{"reason": "One number.", "decision": "no"}', "no", "One number."],
  ["another case", '{"Reason": "One.", "Decision": "Yes."}', "yes", "One."],
  ["a fence and talk", 'Sure!\n```json\n{"reason": "r", "decision": "no"}\n```', "no", "r"],
  ["another language", '{"理由": "有很多答案", "判断": "是"}', "yes", "有很多答案"],
  ["another language's word", '{"reason": "ein Gedicht", "decision": "ja"}', "yes", "ein Gedicht"],
  ["a truth value", '{"decision": true}', "yes", ""],
  ["a further key", '{"reason": "r", "decision": "no", "confidence": 0.9}', "no", "r"],
  ["a list of one", '[{"reason": "r", "decision": "unsure"}]', "unsure", "r"],
  ["the same twice", '{"decision": "no"} As I said: {"decision": "no"}', "no", ""],
  ["thinking before", '<think>{"decision": "yes"}?</think>{"reason": "r", "decision": "no"}', "no", "r"],
  ["JSON that was cut behind its end", '{"reason": "r", "decision": "no"}\nLet me', "no", "r"],
  ["prose", "No, it asks for one number.", "no", "No, it asks for one number."],
  ["a word", "Ja.", "yes", ""],
])("reads %s", (_name, answer, decision, reason) => {
  expect(read(answer)).toEqual({ decision, reason })
})

test.each([
  ["two decisions", '{"decision": "yes"} or {"decision": "no"}', "it says no and yes"],
  ["another word", '{"reason": "r", "decision": "perhaps"}', "no decision"],
  ["the opposite question", '{"verifiable": "yes"}', "no decision"],
  ["two keys for it", '{"decision": "yes", "verdict": "no"}', "no decision"],
  ["a number", '{"decision": 1}', "no decision"],
  ["nothing", "", "no decision"],
])("does not read %s", (_name, answer, problem) => {
  expect(read(answer)).toMatch(problem)
})

test("prose that was cut may go on otherwise", () => {
  expect(read("Yes, it asks for", false)).toMatch("no decision")
  expect(read('{"reason": "r", "decision": "no"} And', false)).toEqual({ decision: "no", reason: "r" })
})

test("reasons are one bounded line that a terminal and a UTF-8 file can take", () => {
  expect(keptReason("  \n ")).toBeNull()
  expect(keptReason("a\n\n b\tc")).toBe("a b c")
  const hostile = keptReason(`\ud800\u001b[2J\u202e${"é😀".repeat(500)}`)!
  expect(hostile.isWellFormed()).toBe(true)
  expect(hostile).not.toMatch(/[\u001b\u202e]/)
  expect(hostile.length).toBeLessThan(360)
})
