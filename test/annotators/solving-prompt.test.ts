import { expect, test } from "vitest"
import { solvingMessages } from "../../annotators/solving-prompt.ts"

const prompt = {
  id: "p",
  version: 1,
  system: null,
  shots: [],
  instruction: { free: "FREE", choice: "CHOICE", function: "FUNCTION", program: "" },
}
const asked = (row: Parameters<typeof solvingMessages>[1]) => solvingMessages(prompt, row).at(-1)!.content

test("the instruction fits what is asked for", () => {
  expect(asked({ question: "1+1?" })).toBe("1+1?\n\nFREE")
  expect(asked({ question: "1+1?", choices: ["2", "3"] })).toBe("1+1?\n\nA. 2\nB. 3\n\nCHOICE")
  expect(asked({ question: "def f():", verifier: "code-tests" })).toBe("def f():\n\nFUNCTION")
  expect(asked({ question: "Add two numbers", verifier: "code-stdio" })).toBe("Add two numbers")
})
