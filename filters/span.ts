/** Where something stands in its part of the response, in UTF-16 units: [start, end). */
export type Span = [start: number, end: number]

/** Most spans, and longest text of one, that are kept as evidence. */
export const maxSpans = 8
export const maxExcerpt = 120

/** The text of a span, cut, without lone surrogates: what a column of UTF-8 can hold. */
export const excerptOf = (text: string, span: Span | undefined): string =>
  span === undefined ? "" : text.slice(span[0], Math.min(span[1], span[0] + maxExcerpt)).toWellFormed()

/** Sorts spans in place: longest first, equals by place. */
export const longestFirst = (spans: Span[]): Span[] => spans.sort((a, b) => b[1] - b[0] - (a[1] - a[0]) || a[0] - b[0])
