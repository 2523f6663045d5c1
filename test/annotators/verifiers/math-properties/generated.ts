import { expect } from "vitest"
import { math } from "../../../../annotators/verifiers/math.ts"

/** Whole numbers from 0 to below a limit, from a fixed seed (Park and Miller 1988), so that a failure repeats. */
export type Random = (limit: number) => number

export function seeded(seed: number): Random {
  let state = seed
  return (limit) => {
    state = (state * 48_271) % 2_147_483_647
    return state % limit
  }
}

export const one = <T>(random: Random, from: readonly T[]): T => from[random(from.length)]!

export const shuffled = <T>(random: Random, all: readonly T[]): T[] =>
  all
    .map((value) => [random(1_000_000), value] as const)
    .sort(([a], [b]) => a - b)
    .map(([, value]) => value)

/** Whole numbers in a range that differ from each other. */
export function distinct(random: Random, count: number, limit: number): number[] {
  const found = new Set<number>()
  while (found.size < count) found.add(random(limit) - Math.floor(limit / 3))
  return [...found]
}

const verdictOf = (completion: string, reference: string) =>
  math.verify({ completion, reference, options: { answer: "bare" } }).verdict

/** Every spelling equals the first one, and no perturbation equals any; whichever side is the reference. Returns the number of pairs. */
export function checkSpellings(spellings: readonly string[], perturbed: readonly string[]): number {
  const [first, ...others] = spellings
  const pairs = [
    ...others.map((other) => [first!, other, "correct"] as const),
    ...perturbed.flatMap((wrong) => spellings.map((right) => [right, wrong, "incorrect"] as const)),
  ].flatMap(([a, b, verdict]) => [[a, b, verdict] as const, [b, a, verdict] as const])
  const missed = pairs.filter(([answer, reference, verdict]) => verdictOf(answer, reference) !== verdict)
  expect(missed).toEqual([])
  return pairs.length
}

export const commonDivisor = (a: number, b: number): number => (b === 0 ? Math.abs(a) : commonDivisor(b, a % b))

/** `+ 3`, `- 3`: a term behind others. */
export const signed = (value: number, rest = "") =>
  `${value < 0 ? "-" : "+"} ${Math.abs(value) === 1 && rest !== "" ? "" : Math.abs(value)}${rest}`

export const coefficient = (value: number, rest: string) =>
  value === 1 ? rest : value === -1 ? `-${rest}` : `${value}${rest}`
