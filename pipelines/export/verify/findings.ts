import { oneLine } from "../../runtime/errors.ts"

/** Something in a handoff that is not as it was written, and where. */
export interface Finding {
  /** Path in the handoff; `.` for the folder itself. */
  readonly file: string
  /** Id of the row, or its number where rows have none. */
  readonly row: string | null
  /** What was checked, in a word or two. */
  readonly check: string
  /** What is wrong. */
  readonly what: string
}

/** Findings told for one file and check; more of them are only counted. */
const perCheck = 10

/** Gathers what is wrong, without a flood where one change spoils everything behind it. */
export class Findings {
  readonly list: Finding[] = []
  readonly #counts = new Map<string, number>()
  total = 0

  add(file: string, check: string, what: string, row: string | null = null): void {
    const key = `${file}\n${check}`
    const count = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, count)
    this.total++
    if (count <= perCheck) this.list.push({ file, row, check, what })
  }

  /** How much was not told. */
  get untold(): number {
    return this.total - this.list.length
  }

  /** Whether a file has a finding of a check. */
  has(file: string, check: string): boolean {
    return this.#counts.has(`${file}\n${check}`)
  }
}

/** A finding as a line for people. */
export const findingLine = ({ file, row, what }: Finding): string =>
  oneLine(`${file}${row === null ? "" : `, row ${row}`}: ${what}`, 600)
