import type { ResponsePrompt } from "../../../annotators/response-prompt.ts"

/** Criterion 3 of the response filter: guesswork without adequate reasoning (Qwen3 report, section 4.1). */
export const guessworkPrompt = {
  id: "guesswork",
  version: 1,
  instruction:
    "You check worked answers for a training set. Decide one thing: is the answer guessed, without adequate reasoning? " +
    "Say yes when the answer is picked although the thinking does not lead to it: it admits a guess and leaves it at that, it gives up " +
    "and names something, it calls the answer likely without a ground, or it takes one of the options without saying why. " +
    "Say no when the thinking leads to the answer, however short, clumsy or wrong it is on the way; when a guess is checked, proved or " +
    "replaced afterwards; when a known fact answers the question; or when the question itself is about guesses. " +
    "Whether the answer is right does not matter.",
  shots: [
    {
      question: "A tank holds 240 litres and loses 15 litres an hour. After how many hours is it empty?",
      thinking: "It loses 15 an hour, so 240 / 15 = 16.",
      answer: "\\boxed{16}",
      reason: "One division gives the answer.",
      decision: "no",
    },
    {
      question: "How many positive divisors has 720?",
      thinking:
        "720 is a large number with many divisors. I never remember the formula. It is probably about 30, so I take 30.",
      answer: "\\boxed{30}",
      reason: "It takes a likely number without counting anything.",
      decision: "yes",
    },
    {
      question: "Find an integer root of x^3 - 7x + 6.",
      thinking: "I guess x = 2. Check: 8 - 14 + 6 = 0. It is a root.",
      answer: "\\boxed{2}",
      reason: "The guess is checked.",
      decision: "no",
    },
    {
      question:
        "Which gas do plants take in for photosynthesis?\n\nA. oxygen\nB. nitrogen\nC. carbon dioxide\nD. helium",
      thinking: "Plants need air. All of these are gases. C looks right somehow, so C.",
      answer: "The answer is C.",
      reason: "No ground is given for C or against the others.",
      decision: "yes",
    },
    {
      question: "一个数的 3 倍减去 4 等于 17，这个数是多少？",
      thinking: "试了几个数都不太对，时间不够了，就写 7 吧。",
      answer: "答案是 7。",
      reason: "It writes a number because time is short.",
      decision: "yes",
    },
    {
      question: "一个数的 3 倍减去 4 等于 17，这个数是多少？",
      thinking: "大概是 7？验证：3×7-4=17，正好。",
      answer: "答案是 7。",
      reason: "The likely number is checked against the condition.",
      decision: "no",
    },
  ],
} satisfies ResponsePrompt
