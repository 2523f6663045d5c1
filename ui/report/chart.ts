// Charts as inline SVG. Colours come from the page's classes, so that they follow its light or dark scheme and print.
import { cells, fit, visible } from "../live/cells.ts"
import { grouped } from "../print.ts"
import { type Html, html, none } from "./html.ts"

/** One bar: what it is called, how long it is, what is written at its end. */
export interface Bar {
  label: string
  value: number
  note: string
  /** What was lost here of `value`: the end of the bar, drawn in the colour of losses. */
  lost?: number
}

const rowHeight = 24
const labelCells = 40

/** Horizontal bars, one under the other. `title` says what the chart shows to those who do not see it. */
export function bars(title: string, list: readonly Bar[]): Html {
  const [width, left, right] = [760, 280, 150]
  const most = Math.max(1, ...list.map(({ value }) => value))
  const height = list.length * rowHeight + 4
  const rows = list.map(({ label, value, note, lost = 0 }, at) => {
    const y = at * rowHeight + 4
    const length = value <= 0 ? 0 : Math.max(1, (value / most) * (width - left - right))
    const cut = lost <= 0 ? 0 : Math.max(1, Math.min(length, (lost / most) * (width - left - right)))
    const rect = (look: string, x: number, long: number) =>
      html`<rect class="${look}" x="${round(x)}" y="${y + 2}" width="${round(long)}" height="${rowHeight - 8}"/>`
    return html`<g><title>${label}: ${note}</title><text x="${left - 8}" y="${y + 14}" text-anchor="end">${shortLabel(label)}</text>${rect("bar", left, length - cut)}${
      cut > 0 ? rect("loss", left + length - cut, cut) : none
    }<text class="note" x="${round(left + length + 6)}" y="${y + 14}">${note}</text></g>`
  })
  return svg(title, width, height, rows)
}

/** One bin of a histogram: from (inclusive) to (exclusive, but for the last). */
export interface Bin {
  from: number
  to: number
  count: number
}

/** Vertical bars with axes. */
export function histogram(title: string, bins: readonly Bin[], axis: string): Html {
  const [width, height, left, top, bottom] = [760, 240, 64, 12, 46]
  const plotWidth = width - left - 16
  const plotHeight = height - top - bottom
  const ticks = niceTicks(Math.max(1, ...bins.map(({ count }) => count)))
  const most = ticks.at(-1)!
  const step = plotWidth / Math.max(1, bins.length)
  const every = Math.max(1, Math.ceil(bins.length / 8))
  return svg(title, width, height, [
    ...ticks.map((tick) => gridLine(left, width - 16, top + plotHeight * (1 - tick / most), compact(tick))),
    ...bins.map(({ from, to, count }, at) => {
      const tall = (count / most) * plotHeight
      return html`<g><title>${number(from)} to ${number(to)}: ${grouped(count)}</title><rect class="bar" x="${round(left + at * step + 1)}" y="${round(top + plotHeight - tall)}" width="${round(Math.max(1, step - 2))}" height="${round(tall)}"/></g>`
    }),
    ...bins.flatMap(({ from }, at) =>
      // One that would stand in the end's place is left out.
      at % every === 0 && (at === 0 || bins.length - at >= every)
        ? [axisText(left + at * step, height - bottom + 16, number(from), at === 0 ? "start" : "middle")]
        : [],
    ),
    axisText(width - 16, height - bottom + 16, bins.length > 0 ? number(bins.at(-1)!.to) : "", "end"),
    axisText(left + plotWidth / 2, height - 8, axis, "middle"),
  ])
}

export interface Point {
  x: number
  y: number
}

/** A line over time. `y` begins at 0. Times are milliseconds since the start. */
export function timeLine(title: string, points: readonly Point[], name: (value: number) => string): Html {
  const [width, height, left, top, bottom] = [760, 220, 64, 12, 40]
  const plotWidth = width - left - 16
  const plotHeight = height - top - bottom
  const end = Math.max(1, points.at(-1)?.x ?? 1)
  const ticks = niceTicks(Math.max(1e-9, ...points.map(({ y }) => y)))
  const most = ticks.at(-1)!
  const at = ({ x, y }: Point) => `${round(left + (x / end) * plotWidth)},${round(top + plotHeight * (1 - y / most))}`
  const times = [0, 0.25, 0.5, 0.75, 1]
  return svg(title, width, height, [
    ...ticks.map((tick) => gridLine(left, width - 16, top + plotHeight * (1 - tick / most), name(tick))),
    html`<polyline class="line" points="${points.map(at).join(" ")}"/>`,
    ...times.map((share) =>
      axisText(
        left + share * plotWidth,
        height - bottom + 16,
        clock(share * end),
        share === 0 ? "start" : share === 1 ? "end" : "middle",
      ),
    ),
    axisText(left + plotWidth / 2, height - 6, "time since the start", "middle"),
  ])
}

const svg = (title: string, width: number, height: number, content: readonly Html[]): Html =>
  html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">${content}</svg>`

const gridLine = (from: number, to: number, y: number, label: string): Html =>
  html`<line class="grid" x1="${from}" x2="${to}" y1="${round(y)}" y2="${round(y)}"/><text class="note" x="${from - 6}" y="${round(y + 4)}" text-anchor="end">${label}</text>`

const axisText = (x: number, y: number, text: string, anchor: string): Html =>
  html`<text class="note" x="${round(x)}" y="${y}" text-anchor="${anchor}">${text}</text>`

/** 0 and up to five round numbers, the last not below `most`. */
export function niceTicks(most: number): number[] {
  const rough = most / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step >= rough * 0.999_999)!
  const count = Math.max(1, Math.ceil(most / step - 1e-9))
  return Array.from({ length: count + 1 }, (_, at) => Number((at * step).toPrecision(12)))
}

const round = (value: number): number => Math.round(value * 10) / 10
/** A number as an axis says it: at most four digits. */
export const number = (value: number): string =>
  Math.abs(value) >= 1_000 ? compact(value) : String(Number(value.toPrecision(3)))
const compact = (value: number): string =>
  value >= 1_000
    ? value.toLocaleString("en-US", { notation: "compact", maximumFractionDigits: 1 })
    : String(Number(value.toPrecision(3)))

function clock(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000)
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}`
  const hours = Math.floor(minutes / 60)
  return hours < 72 ? `${hours}h${String(minutes % 60).padStart(2, "0")}` : `${(hours / 24).toFixed(1)}d`
}

/** A label of any text in the room that is beside a bar. */
const shortLabel = (label: string): string => {
  const text = visible(label, 400)
  return cells(text) > labelCells ? fit(text, labelCells) : text
}
