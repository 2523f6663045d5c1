import type { LossRow } from "./losses.ts"

export type Screen = "overview" | "stage" | "row" | "exchange" | "help"
export type Fate = "dropped" | "failed"

/** What the view shows, apart from the run itself. Plain data: keys change it, screens are made from it. */
export interface ViewState {
  screen: Screen
  /** The screen that `esc` goes back to from help. */
  behind: Screen
  /** The chosen stage's place among the stages. */
  chosen: number
  fate: Fate
  /** The chosen row among the stage's dropped or failed rows. */
  row: number
  /** First line of a long text that is shown. */
  scroll: number
  /** An exchange's id as it is typed; null while none is. */
  typed: string | null
}

export const newView = (): ViewState => ({
  screen: "overview",
  behind: "overview",
  chosen: 0,
  fate: "dropped",
  row: 0,
  scroll: 0,
  typed: null,
})

/** A page of a stage's dropped or failed rows, as far as its tasks are committed. */
export interface LossPage {
  stage: string
  fate: Fate
  from: number
  rows: LossRow[]
  total: number
}

/** What screens show besides the run's progress; it is read from the run's folder when it is asked for. */
export interface Looked {
  page: LossPage | null
  /** A row or an exchange as text, not yet made visible; what goes before it. */
  text: { title: string; body: string } | null
  /** What is going on or went wrong: shown until the next key. */
  notice: string
}

export interface Size {
  columns: number
  rows: number
}

/** Below this there is a reduced view. */
export const smallest: Size = { columns: 60, rows: 15 }
