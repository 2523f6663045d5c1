import { type RunStatus, type StageStatus, timeLeftMs } from "../../pipelines/runtime/status.ts"
import { lossName } from "../funnel.ts"
import { dollars, duration, grouped, percent } from "../print.ts"
import { stageState } from "../stage-state.ts"
import {
  cells,
  fit,
  fitLine,
  type Line,
  lineText,
  padded,
  plain,
  type Span,
  span,
  type Tone,
  visible,
} from "./cells.ts"
import { type RunProgress, ratePerSecond, rowsDone, rowsExpected } from "./run-progress.ts"
import { type Size, smallest } from "./view-state.ts"

/** What of a run does not stand in its events. */
export interface RunFacts {
  /** Its folder, as short as it can be said. */
  run: string
  budget: { tokens?: number | undefined; usd?: number | undefined }
  /** What the ledger held when the run started, in USD; null without prices. */
  settledUsd: number | null
  /** Somebody asks for a pause that the run has not taken up yet, or for its end. */
  pauseAsked: boolean
}

export interface OverviewOptions {
  progress: RunProgress
  facts: RunFacts
  chosen: number
  size: Size
  nowMs: number
  notice: string
  /** Last line of the screen; none in the state that stays behind when the view ends. */
  keys: boolean
}

/** The run as a whole in at most so many lines, none wider than the terminal. */
export function overviewLines(options: OverviewOptions): Line[] {
  const { size } = options
  const lines =
    size.columns < smallest.columns || size.rows < smallest.rows ? reducedLines(options) : wholeLines(options)
  return lines.slice(0, Math.max(1, size.rows)).map((line) => fitLine(line, size.columns))
}

/** In how many words the run stands: `running`, `paused`, `done in 3m20s`. */
export function stateOf({
  progress: { status },
  facts,
  nowMs,
}: Pick<OverviewOptions, "progress" | "facts" | "nowMs">): {
  word: string
  time: string
  tone: Tone
} {
  const { state, startedAt, lastAt, paused } = status
  const started = startedAt ? Date.parse(startedAt) : nowMs
  const wholeMs = lastAt ? Date.parse(lastAt) - started : 0
  const leftMs = timeLeftMs(status, nowMs)
  switch (state) {
    case "new":
      return { word: "not started", time: "", tone: "dim" }
    case "done":
      return { word: "done", time: `in ${duration(wholeMs)}`, tone: "good" }
    case "stopped":
      return { word: "stopped", time: `after ${duration(wholeMs)}`, tone: "bad" }
    case "killed":
      return { word: "killed", time: `after ${duration(wholeMs)}`, tone: "bad" }
    case "running": {
      const time = `${duration(nowMs - started)}${leftMs === null || paused ? "" : `, about ${duration(leftMs)} left`}`
      if (paused) return { word: facts.pauseAsked ? "paused" : "resuming", time, tone: "warning" }
      if (facts.pauseAsked) return { word: "pausing", time, tone: "warning" }
      return { word: "running", time, tone: "good" }
    }
  }
}

/** The keys of a screen as its last line. */
export const keyLine = (notice: string, keys: string): Line =>
  notice === "" ? [span(keys, "dim")] : [span(visible(notice, 300), "warning")]

function headLine(options: OverviewOptions): Line {
  const { progress, facts, size } = options
  const { word, time, tone } = stateOf(options)
  const name = visible(progress.status.recipe ?? "run", 40)
  const right = `${word} ${time}`.trimEnd()
  const where = ` ${visible(facts.run, 200)}`
  const room = size.columns - cells(name) - right.length - 2
  const shown = room > 8 ? fit(where, room) : ""
  return [
    span(name, "strong"),
    span(shown, "dim"),
    span(" ".repeat(Math.max(1, size.columns - cells(name) - cells(shown) - right.length))),
    span(right, tone),
  ]
}

/** Few lines for a small terminal, the most needed first. */
function reducedLines(options: OverviewOptions): Line[] {
  const { progress, facts, size, notice } = options
  const { status } = progress
  const { word, time, tone } = stateOf(options)
  const busy = status.stages.filter((stage) => stage.tasksRunning > 0).at(-1)
  const inFlight = Object.values(status.endpoints).reduce((sum, endpoint) => sum + endpoint.inFlight, 0)
  const rows = busy ? `${visible(busy.stage, 40)} ${rowsCell(status, busy)}` : ""
  const lost = status.stages.reduce((sum, { counts }) => sum + counts.dropped, 0)
  const failed = status.stages.reduce((sum, { counts }) => sum + counts.failed, 0)
  const left = size.rows <= 1 && rows !== "" ? ` ${rows}` : ""
  const spent = moneyText(status, facts)
  const lines: Line[] = [
    notice !== "" && size.rows <= 2
      ? plain(visible(notice, 200))
      : [span(word, tone), span(` ${size.rows <= 1 ? time.split(",")[0] : time.replace("about ", "")}${left}`)],
    plain(rows),
    plain(`${grouped(inFlight)} calls in flight${spent === "" ? "" : `, ${spent}`}`),
    plain(`${grouped(lost)} dropped, ${grouped(failed)} failed`),
    ...status.messages.slice(-3).map((message) => plain(visible(message))),
    ...(notice === "" ? [] : [plain(visible(notice, 200))]),
  ]
  return lines.filter((line) => lineText(line) !== "")
}

function wholeLines(options: OverviewOptions): Line[] {
  const { progress, size, keys, notice } = options
  const { status } = progress
  const head: Line[] = [headLine(options)]
  if (status.state === "stopped" && status.reason)
    head.push(
      ...status.reason
        .split("\n")
        .slice(0, 4)
        .map((line) => [span(`  ${visible(line)}`, "bad")]),
    )
  if (status.state === "killed") head.push(plain("  the same command goes on with it"))
  const foot: Line[] = keys ? [keyLine(notice, overviewKeys)] : []
  const room = size.rows - head.length - foot.length
  const wide = size.columns >= 140
  const left = wide ? 88 : size.columns
  const stages = stageLines(options, left)
  const endpoints = endpointLines(options, left)
  const drops = dropLines(status, wide ? size.columns - left - 2 : size.columns)
  const last = lastLines(status)
  const body = wide
    ? beside(
        share(room, [
          { lines: stages, least: 4, at: options.chosen + 1 },
          { lines: endpoints, least: 3 },
        ]),
        share(room, [
          { lines: drops, least: 4 },
          { lines: last, least: 3 },
        ]),
        left,
      )
    : share(room, [
        { lines: stages, least: 4, at: options.chosen + 1 },
        { lines: endpoints, least: 3 },
        { lines: drops, least: 2 },
        { lines: last, least: 2 },
      ])
  const fill = keys ? Math.max(0, room - body.length) : 0
  // A screen that keeps its height does not jump; an empty one need not.
  return [...head, ...body, ...Array<Line>(Math.min(fill, 1)).fill([]), ...foot]
}

const overviewKeys = "j/k stage  enter look into it  e exchange  p pause  q leave  ? help"

interface Section {
  /** A head and the lines under it. */
  lines: Line[]
  /** Lines that it keeps as long as there is any room. */
  least: number
  /** The line that must be seen. */
  at?: number
}

/** Sections under each other in so much room, each with an empty line before it where there is room; what is too long is cut. */
function share(room: number, sections: Section[]): Line[] {
  const shown = sections.filter(({ lines }) => lines.length > 1)
  const heights = shown.map(({ lines, least }) => Math.min(lines.length, least))
  const needed = () => heights.reduce((sum, height) => sum + height, 0)
  while (needed() > room && heights.length > 0) {
    const most = heights.indexOf(Math.max(...heights.slice(1), 0), 1)
    if (most > 0 && heights[most]! > 0) heights[most]!--
    else if (heights[0]! > 1) heights[0]!--
    else break
  }
  const gaps = Math.min(shown.length, Math.max(0, room - needed()))
  // The first is the main one; the others share what it leaves, the shortest first.
  for (let left = room - needed() - gaps; left > 0; left--) {
    const growing = heights
      .keys()
      .filter((at) => heights[at]! < shown[at]!.lines.length)
      .toArray()
    const next = growing[0] === 0 ? 0 : growing.sort((a, b) => heights[a]! - heights[b]!)[0]
    if (next === undefined) break
    heights[next]!++
  }
  return shown.flatMap(({ lines, at = 0 }, index) => [
    ...(index < gaps ? [[] as Line] : []),
    ...part(lines, heights[index]!, at),
  ])
}

/** The head and the lines around one that must be seen. */
function part(lines: Line[], height: number, at: number): Line[] {
  if (height >= lines.length) return lines
  if (height < 2) return lines.slice(0, height)
  const room = height - 1
  const from = Math.max(1, Math.min(at - Math.floor(room / 2), lines.length - room))
  return [lines[0]!, ...lines.slice(from, from + room)]
}

function beside(left: Line[], right: Line[], width: number): Line[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, at) => {
    const first = fitLine(left[at] ?? [], width)
    return [...first, span(" ".repeat(width - cells(lineText(first)) + 2)), ...(right[at] ?? [])]
  })
}

function rowsCell(status: RunStatus, stage: StageStatus): string {
  const expected = rowsExpected(status, stage)
  const done = rowsDone(stage)
  if (!expected || expected.rows < done || (stage.done && done === 0)) return grouped(done)
  return `${grouped(done)}/${expected.exact ? "" : "~"}${grouped(expected.rows)}`
}

const rateCell = (rate: number | null): string =>
  rate === null ? "" : rate >= 100 ? grouped(rate) : rate.toFixed(rate >= 10 || rate === 0 ? 0 : 1)

function stageLines({ progress, chosen, nowMs, keys }: OverviewOptions, width: number): Line[] {
  const { status } = progress
  const name = Math.max(14, Math.min(30, width - 64))
  const row = (cellsOfRow: readonly string[], tones: readonly Tone[] = [], mark = " "): Line => {
    const [stage, ...others] = cellsOfRow
    const widths = [17, 7, 9, 9, 7]
    return [
      span(`${mark} ${padded(stage!, name)} `, tones[0] ?? "plain"),
      ...others.map((cell, at): Span => span(`${padded(cell, widths[at]!, "right")} `, tones[at + 1] ?? "plain")),
    ]
  }
  const dim = Array<Tone>(6).fill("dim")
  return [
    row(["stage", "rows", "rows/s", "out", "dropped", "failed"], dim),
    ...status.stages.map((stage, at) => {
      const { counts, done, tasksRunning } = stage
      const idle = !done && tasksRunning === 0 && rowsDone(stage) === 0
      const word = stageState(status, stage)
      const isAtWork = word === "running" || (word === "waiting" && !idle)
      const rate = isAtWork ? rateCell(ratePerSecond(progress, "rows", stage.stage, nowMs)) : word
      return row(
        [
          visible(stage.stage, 60),
          idle ? "" : rowsCell(status, stage),
          rate,
          idle ? "" : grouped(counts.out),
          counts.dropped > 0 ? grouped(counts.dropped) : "",
          counts.failed > 0 ? grouped(counts.failed) : "",
        ],
        [
          at === chosen && keys ? "strong" : idle ? "dim" : "plain",
          "plain",
          done ? "good" : "dim",
          "plain",
          "plain",
          "bad",
        ],
        at === chosen && keys ? ">" : " ",
      )
    }),
  ]
}

function endpointLines({ progress, facts, nowMs }: OverviewOptions, width: number): Line[] {
  const { status } = progress
  const name = Math.max(10, Math.min(20, width - 66))
  const widths = [15, 9, 12, 10, 11]
  const row = (cellsOfRow: readonly string[], tone: Tone = "plain"): Line => [
    span(`  ${padded(cellsOfRow[0]!, name)} `, tone),
    ...cellsOfRow.slice(1).map((cell, at) => span(`${padded(cell, widths[at]!, "right")} `, tone)),
  ]
  const roles = Object.entries(status.endpoints)
  if (roles.length === 0) return []
  const spent = moneyText(status, facts)
  return [
    row(["endpoint", "in flight", "waiting", "answers", "tokens/s", "cost"], "dim"),
    ...roles.flatMap(([role, { inFlight, window, waiting, calls, usd, paused }]) => [
      row([
        visible(role, 40),
        window === undefined ? grouped(inFlight) : `${grouped(inFlight)} of ${grouped(window)}`,
        grouped(waiting),
        grouped(calls),
        rateCell(ratePerSecond(progress, "output", role, nowMs)),
        usd === null ? "" : dollars(usd),
      ]),
      ...(paused === null ? [] : [[span(`    paused: ${visible(paused, 200)}`, "warning")] as Line]),
    ]),
    ...(spent === "" ? [] : [plain(`  ${spent}`)]),
  ]
}

/** Cost and tokens of all attempts, against the budget where there is one. */
export function moneyText(status: RunStatus, { budget, settledUsd }: RunFacts): string {
  const endpoints = Object.values(status.endpoints)
  const settled = Object.values(status.settled)
  const priced = endpoints.some(({ usd }) => usd !== null) || (settledUsd ?? 0) > 0
  const usd = (settledUsd ?? 0) + endpoints.reduce((sum, endpoint) => sum + (endpoint.usd ?? 0), 0)
  const tokens = [...endpoints, ...settled].reduce((sum, { input, output }) => sum + input + output, 0)
  const parts: string[] = []
  if (priced)
    parts.push(
      budget.usd === undefined
        ? dollars(usd)
        : `${dollars(usd)} of ${dollars(budget.usd)} (${percent(usd, budget.usd)})`,
    )
  if (budget.tokens !== undefined)
    parts.push(`${grouped(tokens)} of ${grouped(budget.tokens)} tokens (${percent(tokens, budget.tokens)})`)
  else if (tokens > 0) parts.push(`${grouped(tokens)} tokens`)
  return parts.join(", ")
}

/** Drops by reason, the most first, of all stages or of one. */
export function dropsOf(stages: readonly StageStatus[]): { name: string; rows: number }[] {
  const drops = new Map<string, number>()
  for (const stage of stages)
    for (const [step, reasons] of Object.entries(stage.drops))
      for (const [reason, rows] of Object.entries(reasons)) {
        const name = visible(lossName(step, reason), 120)
        drops.set(name, (drops.get(name) ?? 0) + rows)
      }
  return [...drops].map(([name, rows]) => ({ name, rows })).sort((a, b) => b.rows - a.rows)
}

/** Drops as lines with bars. `whole`: the rows that the shares are of. */
export function dropBars(drops: { name: string; rows: number }[], whole: number, width: number): Line[] {
  const most = Math.max(1, ...drops.map(({ rows }) => rows))
  const name = Math.max(12, Math.min(44, width - 32))
  const bar = Math.max(0, Math.min(40, width - name - 24))
  return drops.map(({ name: reason, rows }) => [
    span(
      `  ${padded(reason, name)} ${padded(grouped(rows), 9, "right")} ${padded(percent(rows, whole), 6, "right")}  `,
    ),
    span("#".repeat(Math.ceil((rows / most) * bar)), "dim"),
  ])
}

function dropLines(status: RunStatus, width: number): Line[] {
  const [first] = status.stages
  const drops = dropsOf(status.stages)
  const whole = first ? rowsDone(first) : 0
  const lost = drops.reduce((sum, { rows }) => sum + rows, 0)
  if (drops.length === 0) return []
  return [
    [span(`  dropped ${grouped(lost)} rows of ${grouped(whole)}, by reason`, "dim")],
    ...dropBars(drops, whole, width),
  ]
}

function lastLines(status: RunStatus): Line[] {
  const failed = status.failures
    .slice(-3)
    .map(({ id, step, message }) => [
      span(`  ${visible(id, 60)} failed in ${visible(step, 60)}: ${visible(message)}`, "bad"),
    ])
  const said = status.messages.slice(-4).map((message) => plain(`  ${visible(message)}`))
  const lines: Line[] = [...said.reverse(), ...failed.reverse()]
  return lines.length === 0 ? [] : [[span("  last", "dim")], ...lines]
}
