import type { CriterionPrompt } from "../../../annotators/criterion-prompt.ts"

/** Criterion 3 of the query filter: the question asks for general text generation (Qwen3 report, section 4.1). */
export const textGeneration = {
  id: "text-generation" as const,
  version: 1,
  about: "Drops requests for general text rather than an answer",
  instruction:
    "You check questions for a dataset. Decide whether the text asks for general text generation: an essay, a story, a poem, a " +
    "letter, a summary, a translation, advice or a list of ideas. Say yes when it does. Say no when it asks to work out one " +
    "definite answer.",
  shots: [
    { question: "Write a short poem about the sea.", decision: "yes", reason: "It asks for a poem." },
    { question: "How many minutes are there in 3.5 hours?", decision: "no", reason: "It asks for a number." },
    {
      question: "Draft an e-mail that invites colleagues to a picnic.",
      decision: "yes",
      reason: "It asks for a letter.",
    },
    {
      question: "All cats are animals. Tom is a cat. Is Tom an animal?",
      decision: "no",
      reason: "It asks for a truth value.",
    },
  ],
  words: {
    system: "Reply with one word: question or writing.",
    drop: "writing",
    keep: "question",
    examples: [
      { keep: "What is 6 + 7?", drop: "Write a story about a lost dog." },
      { keep: "A bag holds 4 oranges. How many oranges are in 6 bags?", drop: "Write a letter to a friend." },
      { keep: "Which gas do humans breathe in to live?", drop: "Give me a list of names for a cafe." },
      {
        keep: "What does this Python program print?\n\ns = 0\nfor i in range(3):\n    s = s + 2\nprint(s)",
        drop: "Tell me a joke about school.",
      },
      { keep: "What does this Python program print?\n\nx = 5\nprint(x + 1)", drop: "Describe your dream house." },
      { keep: "Who is older if Al is 9 and Bo is 12?", drop: "Make an advertisement for a new drink." },
    ],
  },
} satisfies CriterionPrompt
