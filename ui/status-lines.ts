import { oneLine } from "../pipelines/runtime/errors.ts"
import type { RunTotals } from "../pipelines/runtime/run-totals.ts"
import { type RunStatus, timeLeftMs } from "../pipelines/runtime/status.ts"
import { lossName } from "./funnel.ts"
import { bytes, columns, dollars, duration, grouped, percent } from "./print.ts"
import { stageState } from "./stage-state.ts"

/** A run's status as lines of at most 80 columns where names allow it. */
export function statusLines(run: string, status: RunStatus, totals: RunTotals): string[] {
  const { state, recipe, startedAt, lastAt, reason } = status
  const elapsedMs = startedAt && lastAt ? Date.parse(lastAt) - Date.parse(startedAt) : 0
  const leftMs = timeLeftMs(status, Date.now())
  const states: Record<RunStatus["state"], string> = {
    new: "not started",
    running: `running for ${duration(startedAt ? Date.now() - Date.parse(startedAt) : 0)}${leftMs === null ? "" : `, about ${duration(leftMs)} left`}`,
    done: `done in ${duration(elapsedMs)}`,
    stopped: `stopped after ${duration(elapsedMs)}`,
    killed: `killed after ${duration(elapsedMs)}; run the same command again to go on`,
  }
  const stages = status.stages.map((stage) => {
    const { counts, rowsRunning } = stage
    return [
      stage.stage,
      stageState(status, stage),
      `${grouped(counts.in + rowsRunning)} rows`,
      counts.dropped > 0 ? `${grouped(counts.dropped)} dropped` : "",
      counts.failed > 0 ? `${grouped(counts.failed)} failed` : "",
    ]
  })
  const drops = status.stages.flatMap(({ drops }) =>
    Object.entries(drops).flatMap(([step, reasons]) =>
      Object.entries(reasons).map(([reason, count]) => [lossName(step, reason), grouped(count)]),
    ),
  )
  const endpoints = state === "running" ? Object.entries(status.endpoints) : []
  const rate =
    elapsedMs > 0 ? (Object.values(status.endpoints).reduce((sum, { calls }) => sum + calls, 0) * 1000) / elapsedMs : 0
  return [
    `${run}: ${recipe ?? "run"}, ${states[state]}`,
    ...(reason && state === "stopped" ? reason.split("\n").map((line) => `  ${oneLine(line)}`) : []),
    ...(stages.length > 0 ? ["", ...columns(stages)] : []),
    ...(drops.length > 0 ? ["", "  dropped", ...columns(drops, { indent: 4 })] : []),
    "",
    `  ${grouped(totals.calls)} answers settled, ${grouped(totals.tokens.input)} tokens in, ${grouped(totals.tokens.output)} out` +
      (totals.cost === null ? "" : `, ${dollars(totals.cost)}`) +
      (totals.reused === 0 ? "" : `; ${grouped(totals.reused)} more from the shared ledger`) +
      (state === "running" && rate > 0 ? `; ${rate.toFixed(1)} calls/s` : ""),
    ...budgetLines(totals),
    ...(status.diskLow === null || state !== "running" ? [] : [`  ${lowDisk(status.diskLow)}`]),
    ...columns(
      endpoints.map(([role, { identity, inFlight, window, waiting, paused }]) => [
        role,
        oneLine(identity, 40),
        `${inFlight}${window === undefined ? "" : ` of ${window}`} in flight`,
        `${waiting} waiting`,
        paused ? `paused: ${oneLine(paused, 60)}` : "",
      ]),
    ),
    ...(status.messages.length > 0
      ? ["", ...status.messages.slice(-4).map((message) => `  ${oneLine(message, 160)}`)]
      : []),
    ...(status.failures.length > 0
      ? ["", `  ${status.failures.length} failed rows, the last: ${oneLine(status.failures.at(-1)!.message, 120)}`]
      : []),
  ]
}

/** What a nearly full disk means for a run. */
export const lowDisk = ({ freeBytes, floorBytes }: NonNullable<RunStatus["diskLow"]>): string =>
  `disk: ${bytes(freeBytes)} left, less than ${bytes(floorBytes)}; nothing new is begun until there is room`

/** What is spent of the config's budget. */
function budgetLines({ budget, cost, tokens: { input, output } }: RunTotals): string[] {
  const used = input + output
  const parts = [
    ...(budget.usd === null
      ? []
      : [`${dollars(cost ?? 0)} of ${dollars(budget.usd)} (${percent(cost ?? 0, budget.usd)})`]),
    ...(budget.tokens === null
      ? []
      : [`${grouped(used)} of ${grouped(budget.tokens)} tokens (${percent(used, budget.tokens)})`]),
  ]
  return parts.length === 0 ? [] : [`  budget: ${parts.join(", ")}`]
}
