import { table, text } from "../../schemas/columns.ts"
import type { ReduceStage } from "../runtime/stage.ts"
import type { Row } from "../runtime/step.ts"

const reserved = table("reserve", { id: text(), question: text() })

/** Gathers the questions that were set apart for validation, so that responses can be compared with them. */
export const reserveQuestions = ({ id, input }: { id: string; input: string }): ReduceStage => ({
  kind: "reduce",
  id,
  version: 1,
  params: {},
  input,
  of: "dropped",
  columns: reserved.columns,
  async run(rows) {
    const questions: Row[] = []
    for await (const { id, reason, row } of rows)
      if (reason === "reserve")
        questions.push({ id, question: (JSON.parse(String(row)) as { question: string }).question })
    return questions
  },
})
