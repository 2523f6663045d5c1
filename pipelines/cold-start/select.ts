import { questionText } from "../../annotators/solving-prompt.ts"
import { int32, list } from "../../schemas/columns.ts"
import type { SelectConfig } from "../../schemas/config.ts"
import type { Group } from "../../schemas/rollout.ts"
import { type DecidedQuestion, type DomainShare, type SelectionRow, selectionRow } from "../../schemas/selection.ts"
import type { ReduceStage } from "../runtime/stage.ts"
import type { Reason, Row, RowStep } from "../runtime/step.ts"
import { Candidates } from "./candidates.ts"
import { chooseSamples, standing } from "./choose-samples.ts"
import { balancedDomain } from "./domain-names.ts"
import { PassAtKMeans } from "./pass-at-k-means.ts"
import { refusalOf, selectQuestions, unreached } from "./selection.ts"
import { reportLines } from "./selection-report.ts"

/** What a selection is made by. */
export type SelectOptions = SelectConfig & {
  /** Domains that should be there. */
  readonly expectedDomains: readonly string[]
  /** Drafts of a first wave: their number was fixed before, so that pass@k of them is unbiased. */
  readonly firstWave: number
  readonly seed: number
}

/**
 * Chooses the questions of the final set from all that have an accepted response (`selectQuestions`), and says what that does to each
 * distribution (`reportLines`). Writes the chosen questions and the near-duplicates of them, then the domains, then the report.
 */
export const planSelection = ({
  id,
  input,
  ...options
}: { id: string; input: string } & SelectOptions): ReduceStage => ({
  kind: "reduce",
  id,
  version: 2,
  params: options,
  input,
  of: "out",
  columns: selectionRow.columns,
  async run(rows) {
    const candidates = new Candidates(options.seed)
    const passAtK = new PassAtKMeans(options.firstWave)
    for await (const row of rows) {
      const group = row as unknown as Group
      const { verified, correct } = firstWaveOf(group, options.firstWave)
      const [best] = chooseSamples(standing(group.rollouts), options)
      if (best) candidates.add({ ...group, text: questionText(group), verified, correct, tokens: best.outputTokens })
      else passAtK.add(verified, correct, false)
    }
    const selection = selectQuestions(candidates, options)
    const idOf = (candidate: number) => candidates.ids[candidate]!
    const questions: DecidedQuestion[] = [
      ...selection.chosen.map((at) => ({ id: idOf(at), duplicateOf: null, similarity: null })),
      ...selection.duplicates.map(({ candidate, of, similarity }) => ({
        id: idOf(candidate),
        duplicateOf: idOf(of),
        similarity,
      })),
    ]
    const lines = reportLines(candidates, selection, options, passAtK)
    const nothing: SelectionRow = { question: null, domain: null, line: null }
    return [
      ...questions.map((question) => ({ ...nothing, question })),
      ...selection.domains.map((domain) => ({ ...nothing, domain })),
      ...lines.map((line) => ({ ...nothing, line })),
    ]
  },
})

/** A majority's reference was made of the drafts themselves: they say nothing of how many are right. */
function firstWaveOf({ rollouts, referenceOrigin }: Group, firstWave: number) {
  const counted = { verified: 0, correct: 0 }
  for (const { sample, verdict } of referenceOrigin === "source" ? rollouts : []) {
    if (sample >= firstWave) continue
    if (verdict === "correct") counted.correct++
    if (verdict === "correct" || verdict === "incorrect") counted.verified++
  }
  return counted
}

/**
 * Drops the questions that are not in the selection, each with why (the near-duplicate's twin, the full domain, the measured figure),
 * and picks the responses of the others. `side` is the stage of `planSelection` with the same options.
 */
export function takeSelected(side: string, options: SelectOptions): RowStep {
  const plans = new WeakMap<readonly Row[], Plan>()
  return {
    kind: "row",
    id: "selection",
    version: 2,
    params: options,
    about: "Takes a small set, balanced over domains, hardest questions first",
    adds: { selected: list(int32()) },
    run(row, sides) {
      const rows = sides.get(side) ?? []
      const plan = plans.get(rows) ?? planOf(rows as unknown as SelectionRow[])
      plans.set(rows, plan)
      const { id, domain, passRate, rollouts } = row as unknown as Group
      const chosen = chooseSamples(standing(rollouts), options)
      const decided = plan.questions.get(id)
      if (decided && decided.duplicateOf === null)
        return { keep: [{ ...row, selected: chosen.map(({ sample }) => sample) }] }
      if (decided) return nearDuplicate(decided, options)
      const figures = { passRate: passRate ?? 0, tokens: chosen[0]?.outputTokens ?? 0 }
      return notSelected(figures, plan.domains.get(balancedDomain(domain))!, options)
    },
  }
}

interface Plan {
  questions: Map<string, DecidedQuestion>
  domains: Map<string, DomainShare>
}

const planOf = (rows: readonly SelectionRow[]): Plan => ({
  questions: new Map(rows.flatMap(({ question }) => (question ? [[question.id, question]] : []))),
  domains: new Map(rows.flatMap(({ domain }) => (domain ? [[domain.domain, domain]] : []))),
})

const nearDuplicate = ({ duplicateOf, similarity }: DecidedQuestion, { maximumSimilarity }: SelectOptions): Reason => ({
  reason: "not-selected",
  measured: similarity!,
  threshold: maximumSimilarity,
  evidence: { why: "near-duplicate", duplicateOf },
})

/** Says why a question was not chosen, with the figure that decided where there is one. */
function notSelected(
  figures: { passRate: number; tokens: number },
  share: DomainShare,
  options: SelectOptions,
): Reason {
  const { domain, candidates, places, taken, lowTokens, highTokens } = share
  const why = refusalOf(figures, share, options) ?? unreached(share)
  const evidence = { why, domain }
  switch (why) {
    case "domain-excluded":
      return { reason: "not-selected", evidence }
    case "difficulty": {
      const { minimumPassRate, maximumPassRate } = options.difficulty
      const threshold = figures.passRate > maximumPassRate ? maximumPassRate : minimumPassRate
      return { reason: "not-selected", measured: figures.passRate, threshold, evidence }
    }
    case "length": {
      const threshold = figures.tokens < lowTokens! ? lowTokens! : highTokens!
      return { reason: "not-selected", measured: figures.tokens, threshold, evidence }
    }
    default:
      return { reason: "not-selected", evidence: { ...evidence, candidates, places, taken, ...figures } }
  }
}
