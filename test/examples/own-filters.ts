// A recipe of the package with filters of your own: one that looks at questions, and one that looks at responses.
//   cotyledon run ./own-filters.ts --config cold-start.yaml
import { coldStart, defineRecipe, filterResponses, type Reason, type RowStep, responseFilters } from "cotyledon"

const filter = (id: string, about: string, run: RowStep["run"]): RowStep => ({
  kind: "row",
  id,
  version: 1,
  params: {},
  about,
  run,
})
const noQuiz = filter("no-quiz", "Drops questions of quizzes", ({ question }): Reason | null =>
  /\bquiz\b/i.test(String(question)) ? { reason: "quiz" } : null,
)
const noApology = filter("no-apology", "Drops responses that apologise", ({ answer }): Reason | null =>
  /\b(sorry|apologi[sz]e)\b/i.test(String(answer)) ? { reason: "apology" } : null,
)

export default defineRecipe({
  ...coldStart,
  name: "cold-start-own-filters",
  open(config, host) {
    const pipeline = coldStart.open(config, host)
    for (const stage of pipeline.stages) {
      if (stage.kind !== "map") continue
      // First, since it costs nothing: what it drops no judge is asked about.
      if (stage.id === "filter-questions") stage.steps.unshift(noQuiz)
      if (stage.id === "filter-responses") stage.steps[0] = filterResponses([...responseFilters(config), noApology])
    }
    return pipeline
  },
})
