// What belongs to no language: code, mathematics, addresses. Each alternative is bounded or ends at the next mark, so that the work is
// linear whatever is opened and never closed.
const code = /```[\s\S]*?(?:```|$)|`[^`\n]{1,400}`/g
const notation =
  /```[\s\S]*?(?:```|$)|`[^`\n]{1,400}`|\$\$[\s\S]{1,1024}?\$\$|\$(?!\s)[^$\n]{1,512}?(?<!\s)\$(?!\d)|\\\([\s\S]{1,256}?\\\)|\\\[[\s\S]{1,1024}?\\\]|\\begin\{([a-z]{1,16}\*?)\}[\s\S]{1,1024}?\\end\{\1\}|\\[a-zA-Z]{1,24}(?:\{[^{}\n]{0,64}\})?|(?:https?:\/\/|www\.)\S{1,2048}/g

/** The text with code, mathematics and addresses as blanks, of the same length: places stay what they were. */
export const maskNotation = (text: string): string =>
  mayHoldNotation.test(text) ? text.replace(notation, blank) : text

/** The text with code as blanks, of the same length. */
export const maskCode = (text: string): string => (text.includes("`") ? text.replace(code, blank) : text)

const mayHoldNotation = /[`$\\]|:\/\/|www\./
const blank = (found: string) => " ".repeat(found.length)
