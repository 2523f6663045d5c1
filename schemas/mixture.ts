import { float64, int32, nullable, type RowOf, struct, table, text, type ValueOf } from "./columns.ts"

/** What a sample is counted under: one cell for each triple that is met. */
export const mixtureCell = struct({
  mode: text(),
  category: text(),
  language: text(),
  /** Samples that there are. */
  supply: int32(),
  /** Places in the set; more than the supply where samples are repeated. */
  places: int32(),
  /** Copies of every sample. Those whose rank is at most `extraUpTo` get one more; null where none does. */
  copies: int32(),
  extraUpTo: nullable(float64()),
})
export type MixtureCell = ValueOf<typeof mixtureCell>

/** A share that was asked for. */
export const mixtureTarget = struct({
  /** `mode`, `category`, `language`, or `cells` for one that names several at once. */
  measure: text(),
  /** The value, `others` for all that are not named, or what `cells` names: `mode thinking × language en`. */
  value: text(),
  share: float64(),
  /** Rows that the share is of the planned set. */
  places: int32(),
  /** Rows that there are for it, repeats included. */
  supply: float64(),
})
export type MixtureTarget = ValueOf<typeof mixtureTarget>

/** The size of a set. */
export const mixtureSize = struct({
  /** Null where the largest was asked for. */
  asked: nullable(int32()),
  planned: int32(),
  /** What keeps it from being larger, or from what was asked. */
  limitedBy: nullable(text()),
})
export type MixtureSize = ValueOf<typeof mixtureSize>

/** Where the flags of a mode's samples stand: by a rank of their own, of those samples that bring none along. */
export const mixtureFlags = struct({
  mode: text(),
  /** Samples up to this rank have it in a user turn, then up to the next one in the system message; all others have none. */
  userUpTo: float64(),
  systemUpTo: float64(),
})
export type MixtureFlags = ValueOf<typeof mixtureFlags>

/** The plan of a mixture, as its stage writes it: each row is the size, a mode's flags, a target or a cell. */
export const mixtureRow = table("mixture", {
  size: nullable(mixtureSize),
  flags: nullable(mixtureFlags),
  target: nullable(mixtureTarget),
  cell: nullable(mixtureCell),
})
export type MixtureRow = RowOf<typeof mixtureRow>

/** Asked against found, counted on the output: one line for each value of a measure. */
export const mixtureReport = table("mixture-report", {
  /** `size`, `mode`, `category`, `language`, `cells`, `cell`, or `flag`. */
  measure: text(),
  /** Of `cell` the mode, category and language, of `flag` the mode and the place, with ` × ` between. */
  value: text(),
  /** Samples that there were; null where that says nothing. */
  supply: nullable(int32()),
  /** The share that was asked for and its rows; null where none was. Of `flag` the share is of its mode. */
  askedShare: nullable(float64()),
  asked: nullable(int32()),
  found: int32(),
  foundShare: float64(),
  /** Rows that are missing to what was asked; null where nothing was. */
  short: nullable(int32()),
  /** What limited it. */
  note: nullable(text()),
})
export type MixtureLine = RowOf<typeof mixtureReport>
