import type { SolvingPrompt } from "../../../annotators/solving-prompt.ts"

const code = {
  function: "Give the complete function, with its imports, in one fenced code block.",
  program: "Give a complete program, which reads standard input and writes standard output, in one fenced code block.",
}
const boxed = {
  free: "Please reason step by step, and put your final answer within \\boxed{}.",
  choice: "Please reason step by step, and put only the letter of your choice within \\boxed{}.",
  function: `Please reason step by step. ${code.function}`,
  program: `Please reason step by step. ${code.program}`,
}

/** How models are asked to solve a question: `draft` with chain of thought, `direct` without (criterion 4 of the query filter). */
export const solvingPrompts: Record<"boxed" | "worked-example", { draft: SolvingPrompt; direct: SolvingPrompt }> = {
  /** For models that reason by themselves; the instruction is the one that the Qwen3 model cards recommend. */
  boxed: {
    draft: { id: "boxed", version: 1, system: null, shots: [], instruction: boxed },
    direct: {
      id: "direct",
      version: 1,
      system: null,
      shots: [],
      instruction: {
        free: "Answer at once with the final answer alone, without any steps or explanation, within \\boxed{}.",
        choice: "Answer at once with the letter of your choice alone, without any explanation, within \\boxed{}.",
        function: `${code.function} Answer at once, without any steps or explanation.`,
        program: `${code.program} Answer at once, without any steps or explanation.`,
      },
    },
  },
  /** For small models that follow examples better than an instruction; found by trying on SmolLM2-135M-Instruct. */
  "worked-example": {
    draft: {
      id: "worked-example",
      version: 1,
      system: 'You solve short problems. Reason step by step, then end with a line "Answer:" and the answer.',
      shots: [
        { question: "What is 23 + 14?", answer: "20 + 10 = 30 and 3 + 4 = 7, so 23 + 14 = 37.\nAnswer: 37" },
        {
          question: "A bag holds 4 oranges. How many oranges are in 6 bags?",
          answer: "Each bag holds 4 oranges and there are 6 bags: 4 x 6 = 24.\nAnswer: 24",
        },
        { question: "Solve for x: x + 5 = 14.", answer: "Subtract 5 from both sides: x = 14 - 5 = 9.\nAnswer: 9" },
        {
          question: "Ten birds sit on a wall and 4 fly away. How many birds are left?",
          answer: "4 birds leave, so we subtract: 10 - 4 = 6.\nAnswer: 6",
        },
        {
          question: "Which gas do humans need to breathe to live?",
          answer: "Humans breathe in air, and their bodies use the oxygen in it.\nAnswer: oxygen",
        },
        {
          question: 'In Python, what does len("cat") return?',
          answer: 'len counts the characters. "cat" has 3 characters: c, a, t.\nAnswer: 3',
        },
        {
          question: "In Python, what is [5, 8, 2][0]?",
          answer: "Counting starts at 0, so index 0 is the first number, which is 5.\nAnswer: 5",
        },
        {
          question: "All dogs are mammals. Rex is a dog. Is Rex a mammal? Answer yes or no.",
          answer: "Rex is a dog and all dogs are mammals, so Rex is a mammal.\nAnswer: yes",
        },
        {
          question: "Ann is older than Ben. Ben is older than Cy. Who is the youngest?",
          answer: "Cy is younger than Ben, and Ben is younger than Ann, so Cy is the youngest.\nAnswer: Cy",
        },
        { question: "What is 6 times 7?", answer: "6 times 7 means 7 + 7 + 7 + 7 + 7 + 7 = 42.\nAnswer: 42" },
      ],
      instruction: { free: "", choice: "", ...code },
    },
    direct: {
      id: "worked-example-direct",
      version: 1,
      system: "Reply with the answer only, without any explanation.",
      shots: [
        { question: "What is 6 + 7?", answer: "13" },
        { question: "What is the capital of Italy?", answer: "Rome" },
        { question: "A bag holds 4 oranges. How many oranges are in 6 bags?", answer: "24" },
        { question: 'In Python, what does len("cat") return?', answer: "3" },
        { question: "All dogs are mammals. Rex is a dog. Is Rex a mammal? Answer yes or no.", answer: "yes" },
        { question: "Solve for x: x + 5 = 14.", answer: "9" },
      ],
      instruction: { free: "", choice: "", ...code },
    },
  },
}
