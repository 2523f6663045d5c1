// A recipe of your own: stages from a config.
//   cotyledon run ./recipe.ts --set 'questions=["questions.jsonl"]' --out runs/mine
import { defineRecipe, importQuestions, question, type RowStep, type Stage, z } from "cotyledon"
import tooShort from "./row-step.ts"

const config = z.strictObject({
  recipe: z.string(),
  questions: z.array(z.string()).min(1).meta({ description: "Files, folders or globs" }),
  least: z.int().default(20).meta({ description: "Fewest characters of a question" }),
})

export default defineRecipe<z.infer<typeof config>>({
  name: "long-questions",
  about: "Questions that are long enough",
  version: 1,
  config,
  open({ questions, least }) {
    const onText = tooShort({ least })
    const onQuestion: RowStep = { ...onText, run: (row, side) => onText.run({ ...row, text: row.question }, side) }
    const stages: Stage[] = [
      importQuestions({ id: "questions", sources: questions, rowsPerShard: 1_000, failureLimit: 0.05 }),
      { kind: "map", id: "long-enough", input: "questions", steps: [onQuestion], failureLimit: 0.05 },
    ]
    return {
      stages,
      path: ["questions", "long-enough"],
      exports: [
        { folder: "dataset", about: "long questions", table: question, from: "long-enough", rows: (row) => [row] },
      ],
      endpoints: [],
      close: async () => {},
    }
  },
})
