import { join } from "node:path"
import { columns, dollars, grouped } from "../print.ts"
import { shareText } from "./labels.ts"
import type { ApplyReport } from "./summary.ts"

/** The files of one of several steps, in the folder OUT. */
export const filesOfStep = (folder: string, step: string) => ({
  output: join(folder, `${step}.jsonl`),
  dropped: join(folder, `${step}.dropped.jsonl`),
  failed: join(folder, `${step}.failed.jsonl`),
})

/** What `--json` prints for several steps. */
export interface EachStepReport {
  steps: ApplyReport[]
  /** Calls, tokens and cost of all of them; `cost` in USD, null where a price is unknown. */
  total: { calls: number; settledBefore: number; tokens: { input: number; output: number }; cost: number | null }
}

/** The reports of several steps over the same rows, put together. */
export function eachStepReport(steps: ApplyReport[]): EachStepReport {
  const endpoints = steps.flatMap(({ endpoint }) => endpoint ?? [])
  const sum = (of: (one: (typeof endpoints)[number]) => number) => endpoints.reduce((total, one) => total + of(one), 0)
  return {
    steps,
    total: {
      calls: sum(({ calls }) => calls),
      settledBefore: sum(({ settledBefore }) => settledBefore),
      tokens: { input: sum(({ tokens }) => tokens.input), output: sum(({ tokens }) => tokens.output) },
      cost: endpoints.every(({ cost }) => cost !== null) ? sum(({ cost }) => cost!) : null,
    },
  }
}

/** One line a step: what it did to the rows, how that compares with its labels and what it cost. */
export function eachStepLines({ steps, total }: EachStepReport): string[] {
  const cost = (usd: number | null) => (usd === null ? "-" : dollars(usd))
  return columns([
    ["", "dropped", "kept", "failed", "accuracy", "precision", "recall", "unsure", "calls", "tokens in", "out", "cost"],
    ...steps.map(({ step, rows, labels, endpoint }) => {
      const dropping = labels?.values.find(({ value }) => value === "drop")
      return [
        step,
        grouped(rows.dropped),
        grouped(rows.out),
        grouped(rows.failed),
        shareText(labels?.accuracy ?? null),
        shareText(dropping?.precision ?? null),
        shareText(dropping?.recall ?? null),
        labels?.unsure == null ? "-" : grouped(labels.unsure),
        ...(endpoint === null
          ? ["-", "-", "-", "-"]
          : [
              grouped(endpoint.calls),
              grouped(endpoint.tokens.input),
              grouped(endpoint.tokens.output),
              cost(endpoint.cost),
            ]),
      ]
    }),
    [
      "all",
      ...Array.from({ length: 7 }, () => ""),
      grouped(total.calls),
      grouped(total.tokens.input),
      grouped(total.tokens.output),
      cost(total.cost),
    ],
  ])
}
