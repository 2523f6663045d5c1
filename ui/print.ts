import { relative } from "node:path"

/** What a summary prints: aligned columns, numbers on the right, nothing wider than asked. */

/** Digits in groups of three: 12,345. */
export const grouped = (value: number): string => Math.round(value).toLocaleString("en-US")

/** A share as a percentage with one digit. */
export const percent = (part: number, whole: number): string =>
  whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)}%`

/** A duration in the two largest units: 1h05m, 3m20s, 12s. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`
  return `${Math.floor(seconds / 3_600)}h${String(Math.floor((seconds % 3_600) / 60)).padStart(2, "0")}m`
}

/** A number of bytes with a binary unit: 512 B, 1.5 MiB. */
export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"]
  const at = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, count)) / 10)))
  return at === 0 ? `${Math.round(count)} B` : `${(count / 2 ** (10 * at)).toFixed(1)} ${units[at]}`
}

/** Money with as many digits as it needs. */
export const dollars = (value: number): string => `$${value < 1 ? value.toFixed(4) : value.toFixed(2)}`

/** Rows as lines of aligned columns. Columns whose cells all look like numbers stand right. */
export function columns(rows: readonly (readonly string[])[], { indent = 2, gap = 2 } = {}): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: count }, (_, at) => Math.max(0, ...rows.map((row) => (row[at] ?? "").length)))
  const right = widths.map((_, at) => rows.every((row) => /^[\d,.$%+-]*$/.test(row[at] ?? "")))
  return rows.map((row) =>
    (
      " ".repeat(indent) +
      row.map((cell, at) => (right[at] ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!))).join(" ".repeat(gap))
    ).trimEnd(),
  )
}

/** Text cut to a width, with dots where it was cut. */
export const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 3))}...`

/** A path as short as it can be said from here. */
export function shownPath(path: string): string {
  const near = relative(process.cwd(), path)
  return near.startsWith("..") ? path : near || "."
}
