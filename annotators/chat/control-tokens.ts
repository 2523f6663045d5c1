// Texts that a chat template or a tokenizer of the family gives a meaning of their own. Inside content they become control tokens: a turn
// ends there, or a block of thinking. Whoever looks for one takes its pattern from here.

const tags = "<\\/?think>|<\\/?tool_(?:call|response)>"

/** Any of them, by their look: `<|im_end|>` and its like of any family, think and tool tags. */
export const controlToken = new RegExp(`<\\|[A-Za-z0-9_]+\\|>|${tags}`)

/** Those that the stock template writes; what stands between two of them is tokenised apart from the rest. */
export const templateMarker = new RegExp(`<\\|im_(?:start|end)\\|>|${tags}`)

/** The end of a turn in the templates of several families, or the start of the next. */
export const turnBorder = /<\|(?:im_end|im_start|endoftext|end|eot_id)\|>/

/** The first control token in a text, or null. */
export const findControlToken = (
  text: string,
  pattern: RegExp = controlToken,
): { token: string; at: number } | null => {
  // Most texts have no angle bracket at all.
  if (pattern === controlToken && !text.includes("<")) return null
  const found = pattern.exec(text)
  return found && { token: found[0], at: found.index }
}

/** A pattern of the given tokens and of all that look like one. */
export function controlTokenPattern(tokens: readonly string[]): RegExp {
  const others = tokens.filter((token) => token !== "" && controlToken.exec(token)?.[0] !== token)
  if (others.length === 0) return controlToken
  const escaped = others.sort((a, b) => b.length - a.length).map((token) => token.replace(/[^\w\s]/g, "\\$&"))
  return new RegExp(`${controlToken.source}|${escaped.join("|")}`)
}
