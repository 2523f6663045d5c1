import { random } from "../../pipelines/random-rows.ts"

/** Letters, in the proportions that a seed gives them. */
function letters(seed: number, length: number, alphabet: string): string {
  const next = random(seed)
  const characters = [...alphabet]
  return Array.from({ length }, () => characters[Math.floor(next() ** 2 * characters.length)]).join("")
}

/** Texts of about a length in bytes that are one word. */
export const longTexts: Record<string, (length: number) => string> = {
  "one letter": (length) => "a".repeat(length),
  "two letters": (length) => "ab".repeat(length / 2),
  "Latin letters": (length) => letters(1, length, "etaoinshrdlucmfwypvbgkqjxz"),
  Chinese: (length) =>
    letters(2, length / 3, "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生"),
  "equals signs": (length) => "=".repeat(length),
  blanks: (length) => " ".repeat(length),
  base64: (length) => letters(3, length, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
}
