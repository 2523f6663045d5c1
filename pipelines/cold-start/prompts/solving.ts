import type { SolvingPrompt } from "../../../annotators/solving-prompt.ts"

const boxed = {
  free: "Please reason step by step, and put your final answer within \\boxed{}.",
  choice: "Please reason step by step, and put only the letter of your choice within \\boxed{}.",
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
      },
    },
  },
  /** For small models that follow an example better than an instruction. */
  "worked-example": {
    draft: {
      id: "worked-example",
      version: 1,
      system: "You solve problems step by step and end with a line `Answer:` and the answer.",
      shots: [
        {
          question: "A box holds 6 eggs. How many eggs are in 4 boxes, when 5 eggs are broken and thrown away?",
          answer: "4 boxes hold 4 * 6 = 24 eggs.\n5 eggs are thrown away, so 24 - 5 = 19 eggs are left.\nAnswer: 19",
        },
      ],
      instruction: { free: "", choice: "" },
    },
    direct: {
      id: "worked-example-direct",
      version: 1,
      system: "Answer with the final answer alone.",
      shots: [{ question: "What is 2 + 2?", answer: "4" }],
      instruction: { free: "", choice: "" },
    },
  },
}
