import type { StageStatus } from "../../pipelines/runtime/status.ts"
import { lossName } from "../funnel.ts"
import { grouped } from "../print.ts"
import { fitLine, type Line, lineText, padded, plain, span, visible, wrapped } from "./cells.ts"
import { dropBars, dropsOf, keyLine, type OverviewOptions, overviewLines, stateOf } from "./overview.ts"
import { rowsDone } from "./run-progress.ts"
import { type Looked, type Size, smallest, type ViewState } from "./view-state.ts"

/** Everything that a screen is made from. */
export interface ScreenOptions extends Omit<OverviewOptions, "chosen" | "notice"> {
  view: ViewState
  looked: Looked
}

/** Characters of a row or an exchange that are shown. */
const longestText = 200_000

/** The lines of the screen that is shown: at most as many as there is room for, none too wide. Pure. */
export function screenLines(options: ScreenOptions): Line[] {
  const { view, size, looked, progress } = options
  const small = size.columns < smallest.columns || size.rows < smallest.rows
  const stage = progress.status.stages[view.chosen]
  const lines = (() => {
    switch (small ? "overview" : view.screen) {
      case "overview":
        return overviewLines({ ...options, chosen: view.chosen, notice: looked.notice })
      case "stage":
        return stage ? stageScreen(options, stage) : []
      case "row":
      case "exchange":
        return textScreen(options)
      case "help":
        return helpScreen(options)
    }
  })()
  return lines.slice(0, Math.max(1, size.rows)).map((line) => fitLine(line, size.columns))
}

/** Rows of a page of the stage screen. */
export const pageRows = ({ rows }: Size): number => Math.max(3, rows - stageHead(rows) - 3)
/** Lines of a screenful of text. */
export const textRows = ({ rows }: Size): number => Math.max(1, rows - 2)

/** Lines for a stage's name and its drops by reason. */
const stageHead = (rows: number): number => Math.min(12, Math.floor(rows / 3))

function stageScreen({ view, size, looked, progress, nowMs, facts }: ScreenOptions, stage: StageStatus): Line[] {
  const { counts } = stage
  const { word, tone } = stateOf({ progress, facts, nowMs })
  const drops = dropsOf([stage])
  const room = stageHead(size.rows) - 1
  const bars = dropBars(drops, rowsDone(stage), size.columns)
  const page = looked.page?.stage === stage.stage && looked.page.fate === view.fate ? looked.page : null
  const rows = page ? page.rows : []
  const place = page && page.total > 0 ? ` ${grouped(view.row + 1)} of ${grouped(page.total)}` : ""
  const listed = rows.map(({ id, step, reason, detail }, at): Line => {
    const chosen = page!.from + at === view.row
    const said = `${padded(visible(id, 80), 18)} ${visible(lossName(step, reason), 120)}  ${visible(detail, 300)}`
    return [span(`${chosen ? ">" : " "} ${said}`, chosen ? "strong" : "plain")]
  })
  const none = page
    ? `  no ${view.fate} rows in committed tasks yet`
    : looked.notice === ""
      ? "  reading the run's folder ..."
      : ""
  return [
    [
      span(visible(stage.stage, 60), "strong"),
      span(
        `  ${grouped(rowsDone(stage))} rows, ${grouped(counts.out)} out, ${grouped(counts.dropped)} dropped, ` +
          `${grouped(counts.failed)} failed  `,
      ),
      span(word, tone),
    ],
    ...(bars.length > room
      ? [...bars.slice(0, room - 1), plain(`  ... ${bars.length - room + 1} more reasons`)]
      : bars),
    [],
    [span(`  ${view.fate} rows of committed tasks${place}`, "dim")],
    ...(listed.length > 0 ? listed : [plain(none)]),
    ...keysAt("j/k row  space/b page  enter the row  tab dropped/failed  esc back  ? help", looked.notice),
  ]
}

const keysAt = (keys: string, notice: string): Line[] => [keyLine(notice, keys)]

function textScreen({ view, size, looked }: ScreenOptions): Line[] {
  const { title, body } = looked.text ?? { title: view.screen === "row" ? "row" : "exchange", body: "" }
  const lines = bodyLines(body, size.columns)
  const room = textRows(size)
  const from = Math.max(0, Math.min(view.scroll, lines.length - room))
  const place =
    lines.length > room ? `  lines ${from + 1}-${Math.min(lines.length, from + room)} of ${lines.length}` : ""
  const keys = view.screen === "row" ? "" : "/ another by its id  "
  return [
    [span(visible(title, 200), "strong"), span(place, "dim")],
    ...lines.slice(from, from + room).map(plain),
    view.typed === null
      ? keyLine(looked.notice, `j/k line  space/b page  ${keys}esc back  ? help`)
      : [span(`id: ${view.typed}_  (at least 8 hex digits, then enter; empty: the latest)`, "strong")],
  ]
}

/** A text's lines by width: what is long is wrapped once, not at each redraw. */
let wrappedLast: { body: string; columns: number; lines: string[] } | null = null

function bodyLines(body: string, columns: number): string[] {
  if (wrappedLast?.body === body && wrappedLast.columns === columns) return wrappedLast.lines
  const shown =
    body.length > longestText ? `${body.slice(0, longestText)}\n... cut at ${grouped(longestText)} characters` : body
  const lines = shown.split("\n").flatMap((line) => wrapped(visible(line, longestText), columns))
  wrappedLast = { body, columns, lines }
  return lines
}

/** How far a text can be scrolled. */
export const lastScroll = (body: string, size: Size): number =>
  Math.max(0, bodyLines(body, size.columns).length - textRows(size))

function helpScreen({ looked, facts }: ScreenOptions): Line[] {
  const keys: [string, string][] = [
    ["j k, arrows", "choose a stage, a row; scroll"],
    ["enter", "look into the chosen stage: drops by reason, dropped rows; then the row"],
    ["tab", "in a stage: dropped or failed rows"],
    ["e", "the latest exchange with a model; / looks for one by its id"],
    ["space b g G", "a page on, a page back, first, last"],
    ["p", "pause the run: nothing new is asked, what is in flight settles; again: go on"],
    ["q", "leave the view; the run goes on"],
    ["Ctrl-C", "in run: stop, calls in flight may settle; twice: at once. In status: leave"],
    ["esc", "back"],
  ]
  return [
    [span("keys", "strong")],
    [],
    ...keys.map(([key, about]): Line => [span(`  ${padded(key, 13)}`, "strong"), span(about)]),
    [],
    plain("  Rates are over the last minute. ~ marks an estimate from what earlier stages passed on."),
    [span(`  Elsewhere: cotyledon inspect ${visible(facts.run, 200)} --dropped | --row ID | --exchange ID`, "dim")],
    [],
    keyLine(looked.notice, "esc back"),
  ]
}

/** A screen as plain text, for those who hear it and for what stays behind. */
export const screenText = (lines: readonly Line[]): string => lines.map((line) => lineText(line).trimEnd()).join("\n")
