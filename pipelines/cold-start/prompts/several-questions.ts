import type { CriterionPrompt } from "../../../annotators/criterion-prompt.ts"

/** Criterion 2 of the query filter: the question has several sub-questions (Qwen3 report, section 4.1). */
export const severalQuestions = {
  id: "several-questions" as const,
  version: 1,
  about: "Drops questions that ask for more than one answer",
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
  words: {
    system: "Count the questions. Reply with one word: one or many.",
    drop: "many",
    keep: "one",
    examples: [
      { keep: "What is 6 + 7?", drop: "What is 2 + 3, and what is 4 + 9?" },
      {
        keep: "A bag holds 4 oranges. How many oranges are in 6 bags?",
        drop: "(a) Name the largest planet. (b) Name the smallest planet.",
      },
      { keep: "Which gas do humans breathe in to live?", drop: "Who invented the telephone? When was it invented?" },
      {
        keep: "All dogs are mammals. Rex is a dog. Is Rex a mammal? Answer yes or no.",
        drop: "1. Add 4 and 5. 2. Subtract 3 from 8. 3. Double 6.",
      },
      { keep: 'In Python, what does len("cat") return?', drop: "Find the sum and the product of 3 and 4." },
      { keep: "What comes next: 3, 6, 9, 12, ...?", drop: "What does print(1) show? What does print(2) show?" },
      { keep: "Who is older if Al is 9 and Bo is 12?", drop: "Who wrote this book and who drew its pictures?" },
      { keep: "Solve for x: x + 5 = 14.", drop: "i) How far is it? ii) How long does it take?" },
    ],
  },
} satisfies CriterionPrompt
