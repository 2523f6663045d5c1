import { float64, int32, nullable, type RowOf, struct, table, text, type ValueOf } from "./columns.ts"

/**
 * What a selection did to a distribution, one line for each value of a measure: how many questions had it before (of those with an
 * accepted response) and after, and which share of all that was. Of `pass@k` the shares are means over the questions that were
 * counted: all that were drafted, and those selected.
 */
export const selectionReport = table("selection-report", {
  /** `outcome`, `domain`, `pass rate`, `tokens`, `source`, `language` or `pass@k`. */
  measure: text(),
  value: text(),
  before: int32(),
  beforeShare: float64(),
  after: int32(),
  afterShare: float64(),
  /** Of a domain: the places that its weight gives it, and how many of them it could not fill. Other domains got those. */
  places: nullable(int32()),
  short: nullable(int32()),
})
export type DistributionLine = RowOf<typeof selectionReport>

/** A question that was chosen, or refused for one that was. */
export const decidedQuestion = struct({
  id: text(),
  /** The chosen question that it is a near-duplicate of; null for a chosen one. */
  duplicateOf: nullable(text()),
  similarity: nullable(float64()),
})
export type DecidedQuestion = ValueOf<typeof decidedQuestion>

/** A domain's part in a selection. */
export const domainShare = struct({
  /** Its name for balancing: `math`, `Maths` and `mathematics` are one domain. */
  domain: text(),
  /** Null where it gets what others leave, 0 where it is left out. */
  weight: nullable(float64()),
  /** Questions with an accepted response. */
  candidates: int32(),
  /** Places of the whole set that its weight gives it, and those that it took. */
  places: int32(),
  taken: int32(),
  /** Shortest and longest response that is in no tail, in tokens; null where no candidate is left. */
  lowTokens: nullable(int32()),
  highTokens: nullable(int32()),
})
export type DomainShare = ValueOf<typeof domainShare>

/** A selection as its stage writes it: each row is one decided question, one domain's part or one line of the report. */
export const selectionRow = table("selection", {
  question: nullable(decidedQuestion),
  domain: nullable(domainShare),
  line: nullable(struct(selectionReport.columns)),
})
export type SelectionRow = RowOf<typeof selectionRow>
