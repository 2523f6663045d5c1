// What a colon or a modulus makes of numbers: times of day, ratios, residues.
import { splitAt } from "./math-collections.ts"
import type { Token } from "./math-tokens.ts"
import type { MathValue, Written } from "./math-values.ts"

const clockAt = /^(\d{1,2}):(\d{2})(?::00)?\s*([ap])?\.?\s?(?:m\.?)?$/i

/** `3:30 pm`, `15:30`, `3 p.m.` */
export function readClock(plain: string, base: Written): MathValue | null {
  const match = clockAt.exec(plain) ?? /^(\d{1,2})()\s*([ap])\.?\s?m\.?$/i.exec(plain)
  if (!match || Number(match[1]) > 23 || Number(match[2]) > 59) return null
  const half = match[3] === undefined ? null : match[3].toLowerCase() === "a" ? "am" : "pm"
  const hours = half === null ? Number(match[1]) : (Number(match[1]) % 12) + (half === "pm" ? 12 : 0)
  return { ...base, kind: "clock", minutes: hours * 60 + Number(match[2]), half }
}

/** `3:30`, `3:4`, `3 to 4`. */
export function readClockOrRatio(
  plain: string,
  tokens: readonly Token[],
  base: Written,
  read: (part: string) => MathValue,
): MathValue | null {
  const clock = readClock(plain, base)
  if (clock !== null) return clock
  const worded = /^(\d[\d.,]*) to (\d[\d.,]*)$/.exec(plain)
  const parts = worded ? worded.slice(1) : splitAt(plain, tokens, (token) => token.text === ":")
  if (parts === null || parts.length < 2 || parts.length > 8) return null
  const values = parts.map(read)
  return values.every((value) => value.kind === "number" || value.kind === "expression")
    ? { ...base, kind: "ratio", parts: values }
    : null
}

/** `3 \pmod 7`: a number up to multiples of the modulus. */
export function readResidue(plain: string, base: Written, read: (part: string) => MathValue): MathValue | null {
  const match = /^(-?\d{1,15})\s*\(?\s*\\?(?:pmod|mod)\s*\{?\s*(\d{1,15})\s*\}?\s*\)?$/.exec(plain)
  if (!match || !plain.includes("\\pmod")) {
    const bracketed = /^(-?\d{1,15})\s*\(\s*\\?mod\s*(\d{1,15})\s*\)$/.exec(plain)
    return bracketed ? residue(bracketed, base, read) : null
  }
  return residue(match, base, read)
}

const residue = (match: RegExpExecArray, base: Written, read: (part: string) => MathValue): MathValue => ({
  ...base,
  kind: "residue",
  value: read(match[1]!),
  modulus: BigInt(match[2]!),
})
