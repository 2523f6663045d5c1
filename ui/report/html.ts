import { visible } from "../live/cells.ts"

/** Markup that may stand in a page as it is. */
export interface Html {
  readonly html: string
}

/** Characters of one text from outside that a page shows. */
const longest = 20_000

/** Text from outside as HTML: nothing in it is markup, and what is invisible or steers the direction of writing is spelled out. */
export function escaped(text: string, limit = longest): string {
  const shown = text.length > limit ? text.slice(0, limit) : text
  const left = text.length - shown.length
  const lines = shown.split("\n").map((line) => visible(line.replaceAll("\t", "    "), limit * 12))
  return (
    lines.join("\n").replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`) +
    (left > 0 ? ` ... (${left.toLocaleString("en-US")} characters more)` : "")
  )
}

/** A template whose values are escaped, but for `Html` and lists of it. */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (Html | readonly Html[] | string | number)[]
): Html {
  let text = parts[0]!
  for (const [at, value] of values.entries()) text += markupOf(value) + parts[at + 1]!
  return { html: text }
}

function markupOf(value: Html | readonly Html[] | string | number): string {
  if (typeof value === "string") return escaped(value)
  if (typeof value === "number") return String(value)
  return "html" in value ? value.html : value.map(({ html }) => html).join("")
}

export const none: Html = { html: "" }
