import { int32, list, table, text } from "../../schemas/columns.ts"
import type { Rollout } from "../../schemas/rollout.ts"
import type { ReduceStage } from "../runtime/stage.ts"
import type { Row, RowStep } from "../runtime/step.ts"
import { representative, selectBalanced } from "./selection.ts"

const chosen = table("selection", { id: text() })

/** Chooses the questions of the final set from all that have a response left; see `selectBalanced`. */
export const planSelection = (options: { id: string; input: string; maximum: number; seed: number }): ReduceStage => ({
  kind: "reduce",
  id: options.id,
  version: 1,
  params: { maximum: options.maximum, seed: options.seed },
  input: options.input,
  of: "out",
  columns: chosen.columns,
  async run(rows) {
    const candidates = []
    for await (const row of rows) {
      const left = leftOf(row)
      if (left.length > 0)
        candidates.push({
          id: String(row.id),
          domain: String(row.domain),
          passRate: (row.passRate as number | null) ?? 0,
          tokens: Math.max(...left.map(({ outputTokens }) => outputTokens)),
        })
    }
    return [...selectBalanced(candidates, options)].map((id) => ({ id }))
  },
})

/** Drops questions that are not in the selection, and picks the samples of the others: those nearest the median length. */
export function chooseSamples({ side, samplesPerQuestion }: { side: string; samplesPerQuestion: number }): RowStep {
  let known: { rows: readonly Row[]; ids: Set<unknown> } | null = null
  return {
    kind: "row",
    id: "selection",
    version: 1,
    params: { samplesPerQuestion },
    about: "Takes a small set, balanced over domains, hardest questions first",
    adds: { selected: list(int32()) },
    run(row, sides) {
      const rows = sides.get(side) ?? []
      if (known?.rows !== rows) known = { rows, ids: new Set(rows.map(({ id }) => id)) }
      if (!known.ids.has(row.id)) return { reason: "not-selected" }
      const left = leftOf(row)
      const picked = representative(
        left.map(({ outputTokens }) => outputTokens),
        samplesPerQuestion,
      )
      return { keep: [{ ...row, selected: picked.map((at) => left[at]!.sample) }] }
    },
  }
}

const leftOf = (row: Row): Rollout[] => (row.rollouts as Rollout[]).filter(({ rejection }) => rejection === null)
