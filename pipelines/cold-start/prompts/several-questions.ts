import type { CriterionPrompt } from "../../../annotators/criterion-prompt.ts"

/** Criterion 2 of the query filter: the question has several sub-questions (Qwen3 report, section 4.1). */
export const severalQuestions: CriterionPrompt = {
  id: "several-questions",
  version: 1,
  about: "It asks for more than one answer",
  instruction:
    "You check questions for a dataset. Decide whether the text asks several separate questions that each need an answer of " +
    "their own. Say yes when it has numbered parts or asks for two or more results. Say no when it asks for one result, however " +
    "many facts it gives and however many steps it takes.",
  shots: [
    {
      question:
        "A shop sells 12 pens for 18 dollars. Tom buys 30 pens and pays with a 50 dollar note. How much change does he get?",
      decision: "no",
      reason: "It asks for one amount.",
    },
    {
      question: "A rectangle is 4 cm by 7 cm. (a) What is its area? (b) What is its perimeter?",
      decision: "yes",
      reason: "It asks for an area and a perimeter.",
    },
    { question: "Solve for x: 3x + 5 = 20.", decision: "no", reason: "It asks for one value." },
    {
      question: "Who wrote Hamlet, when was it written, and where is it set?",
      decision: "yes",
      reason: "It asks three things.",
    },
  ],
}
