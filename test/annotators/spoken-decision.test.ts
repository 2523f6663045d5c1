import { expect, test } from "vitest"
import { decisionOfWord, spokenDecision } from "../../annotators/spoken-decision.ts"

test.each([
  ["Yes.", "yes"],
  ["**No**", "no"],
  ["no", "no"],
  ["Yes, because there is no single answer.", "yes"],
  ["Yes: the text asks for a poem, and no program can check it.", "yes"],
  ["No - it asks for one number.", "no"],
  ["It asks for one number. No.", "no"],
  ["Reason: one number.\n\nDecision: **No**", "no"],
  ["The verdict is: yes", "yes"],
  ['{"reason": "one number", "decision": "no"', "no"],
  ["是。", "yes"],
  ["是的，因为答案不唯一。", "yes"],
  ["不是，它只问一个数。", "no"],
  ["否", "no"],
  ["判断：否", "no"],
  ["Oui, parce que les réponses diffèrent.", "yes"],
  ["Nein – eine Zahl.", "no"],
  ["ja", "yes"],
  ["Sí, porque pide una opinión.", "yes"],
  ["Нет, ответ один.", "no"],
  ["はい。", "yes"],
  ["아니요.", "no"],
  ["Unsure, it may be both.", "unsure"],
  ["I'm not sure.", "unsure"],
  ["不确定。", "unsure"],
  ["No estoy seguro.", "unsure"],
])("%j means %s", (text, decision) => {
  expect(spokenDecision(text)).toBe(decision)
})

test.each([
  ["both words", "Yes and no."],
  ["a choice of words", "yes or no"],
  ["the form that was asked for, repeated", "yes | no | unsure"],
  ["a decision taken back", "Yes. But no."],
  ["a decision taken back further on", "Yes, it asks for two things. However, the final decision: no"],
  ["one word a line", "yes\n\nno"],
  ["an answer to the question itself", "The answer is no."],
  ["a negation", "No es verificable"],
  ["a pronoun", "No-one can say."],
  ["a Chinese copula", "是一个问题"],
  ["whether", "是否"],
  ["a refusal", "I'm sorry, but I can't help with that."],
  ["a question back", "I'm not sure what you mean."],
  ["nothing", ""],
  ["a long essay", `Yes. ${"It asks for many things at once ".repeat(200)}`],
])("%s is not read: %j", (_name, text) => {
  expect(spokenDecision(text)).toBeNull()
})

test("a single word is read whatever stands around it", () => {
  expect([" Yes. ", '"NO"', "是", "maybe", "perhaps"].map(decisionOfWord)).toEqual(["yes", "no", "yes", "unsure", null])
})

// Each would take a pattern that tries all ways far longer than a test may last.
test.each([
  ["yes ".repeat(1_000), null],
  ["no,".repeat(1_333), "no"],
  [`${"!".repeat(3_998)}no`, "no"],
  ["是/否".repeat(1_300), null],
])("text made to be slow is read all the same", (text, decision) => {
  expect(spokenDecision(text)).toBe(decision)
})
