import type { ResponsePrompt } from "../../../annotators/response-prompt.ts"

/** Criterion 4 of the response filter: thinking and summary that disagree (Qwen3 report, section 4.1). */
export const summaryDisagreesPrompt = {
  id: "summary-disagrees",
  version: 1,
  instruction:
    "You check worked answers for a training set. Decide one thing: do the thinking and the answer disagree? " +
    "Say yes when the answer's result is another one than the thinking came to in the end, when it claims steps or facts that the " +
    "thinking found to be wrong, or when its program does something else than the thinking settled on. " +
    "Say no when both come to the same result, also in other words, another notation or a shorter way; when the thinking corrects " +
    "itself and the answer follows the correction; or when the thinking leaves its last step to the answer. " +
    "Whether the result is right does not matter.",
  shots: [
    {
      question: "What is 20% of 350?",
      thinking: "20% is a fifth, and 350 / 5 = 70.",
      answer: "A fifth of 350 is 70, so the answer is \\boxed{70}.",
      reason: "Both come to 70.",
      decision: "no",
    },
    {
      question: "What is 20% of 350?",
      thinking: "20% is a fifth, and 350 / 5 = 70.",
      answer: "Taking 20% off leaves \\boxed{280}.",
      reason: "The thinking came to 70 and the answer says 280.",
      decision: "yes",
    },
    {
      question: "Write largest(xs), which returns the largest number of a list, or None for an empty list.",
      thinking: "max raises an error for an empty list, so I have to test for it first and return None.",
      answer: "```python\ndef largest(xs):\n    return max(xs)\n```",
      reason: "The thinking settled on a test for the empty list, and the program has none.",
      decision: "yes",
    },
    {
      question: "Write largest(xs), which returns the largest number of a list, or None for an empty list.",
      thinking: "I could loop over the list. Or use max with a default, which is shorter. I take the default.",
      answer: "```python\ndef largest(xs):\n    return max(xs, default=None)\n```",
      reason: "The program is what the thinking chose.",
      decision: "no",
    },
    {
      question: "甲比乙大 5 岁，两人共 31 岁，乙几岁？",
      thinking: "先算 (31-5)/2=12。不对，31-5=26，26/2=13，所以乙 13 岁。",
      answer: "(31-5)÷2=12，乙 12 岁。",
      reason: "The thinking corrected 12 to 13, and the answer keeps 12.",
      decision: "yes",
    },
    {
      question: "甲比乙大 5 岁，两人共 31 岁，乙几岁？",
      thinking: "先算 (31-5)/2=12。不对，31-5=26，26/2=13，所以乙 13 岁。",
      answer: "乙的年龄是 (31-5)÷2=13 岁。",
      reason: "The answer follows the correction.",
      decision: "no",
    },
  ],
} satisfies ResponsePrompt
