import type { CriterionPrompt } from "../../../annotators/criterion-prompt.ts"

/** Criterion 1 of the query filter: the question is not easily verifiable (Qwen3 report, section 4.1). */
export const notVerifiable = {
  id: "not-verifiable" as const,
  version: 1,
  about: "Drops questions whose answer cannot easily be checked against a reference",
  instruction:
    "You check questions for a dataset. Decide whether the answer to the question is NOT easily verifiable. " +
    "Say yes when answers may differ by opinion, taste or wording, when the question asks for a proof, a discussion or an " +
    "explanation, or when it lacks what is needed to answer it. Say no when it has one short correct answer, such as a number, " +
    "a formula, a name, a letter of a choice, a truth value or the output of a program.",
  shots: [
    { question: "What is 15% of 240?", decision: "no", reason: "One number is right." },
    { question: "Which season is the most beautiful, and why?", decision: "yes", reason: "It asks for taste." },
    {
      question: "A train travels 180 km in 2 hours. What is its average speed in km/h?",
      decision: "no",
      reason: "One number is right.",
    },
    {
      question: "Prove that the square root of 2 is irrational.",
      decision: "yes",
      reason: "A proof has no short answer to compare with.",
    },
  ],
  words: {
    system: "Does this have one correct answer or many? Reply one or many.",
    drop: "many",
    keep: "one",
    examples: [
      { keep: "What is 6 + 7?", drop: "What is the best colour for a car?" },
      {
        keep: "A bag holds 4 oranges. How many oranges are in 6 bags?",
        drop: "Is it more fun to travel alone or with friends?",
      },
      { keep: "Which gas do humans breathe in to live?", drop: "How should people spend their weekends?" },
      { keep: 'In Python, what does len("cat") return?', drop: "Why is friendship so important?" },
      { keep: "How many sides does a triangle have?", drop: "Do you like winter?" },
      { keep: "Who is older if Al is 9 and Bo is 12?", drop: "Will robots make us happy one day?" },
    ],
  },
} satisfies CriterionPrompt
