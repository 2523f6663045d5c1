import { kindsOfCodePoints, runsOf } from "./code-point-sets.ts"
import { combiningClasses, decomposables } from "./unicode-sets.ts"
import type { KernelExports } from "./wasm-module.ts"

// Flags of `wasm/code-points.ts`.
const mayChange = 8
const combines = 16
const decomposes = 32

/** Gives a kernel what it must know of code points. */
export function fillCodePoints(kernel: KernelExports): void {
  const kinds = kindsOfCodePoints()
  const classes = new Uint8Array(0x110000)
  for (const { start, end, value } of runsOf(combiningClasses)) {
    classes.fill(value, start, end)
    for (let codePoint = start; codePoint < end; codePoint++) kinds[codePoint]! |= combines
  }
  // Vowels and final consonants of Hangul join with what stands before them.
  for (let codePoint = 0x1161; codePoint < 0x1176; codePoint++) kinds[codePoint]! |= mayChange
  for (let codePoint = 0x11a8; codePoint < 0x11c3; codePoint++) kinds[codePoint]! |= mayChange
  const { decompositions, compositions } = normalizationOf(runsOf(decomposables))
  for (const { codePoint, changes } of decompositions) kinds[codePoint]! |= decomposes | (changes ? mayChange : 0)
  for (const { second } of compositions) kinds[second]! |= mayChange

  const decomposedSize = powerOfTwo(2 * decompositions.length)
  const composedSize = powerOfTwo(2 * compositions.length)
  const pool = Uint32Array.from(decompositions.flatMap(({ parts }) => [parts.length, ...parts]))
  kernel.setNormalizationTables(
    kernel.allocate(8 * decomposedSize),
    decomposedSize,
    kernel.allocate(12 * composedSize),
    composedSize,
  )
  let at = kernel.allocate(pool.byteLength)
  const memory = new Uint8Array(kernel.memory.buffer)
  memory.set(new Uint8Array(pool.buffer), at)
  memory.set(kinds, kernel.kindsTable())
  memory.set(classes, kernel.combiningClassesTable())
  for (const { codePoint, parts } of decompositions) {
    kernel.addDecomposition(codePoint, at)
    at += 4 * (1 + parts.length)
  }
  for (const { first, second, composite } of compositions) kernel.addComposition(first, second, composite)
}

interface Decomposition {
  codePoint: number
  parts: number[]
  /** Whether NFC is something else than the code point. */
  changes: boolean
}

interface Composition {
  first: number
  second: number
  composite: number
}

/** What this Node knows of code points; the same in every version of Unicode for those that it had then. */
function normalizationOf(runs: readonly { start: number; end: number }[]): {
  decompositions: Decomposition[]
  compositions: Composition[]
} {
  const decompositions: Decomposition[] = []
  const compositions: Composition[] = []
  for (const { start, end } of runs)
    for (let codePoint = start; codePoint < end; codePoint++) {
      const character = String.fromCodePoint(codePoint)
      const parts = [...character.normalize("NFD")]
      const changes = character.normalize("NFC") !== character
      decompositions.push({ codePoint, parts: parts.map((part) => part.codePointAt(0)!), changes })
      if (changes) continue
      const first = parts.slice(0, -1).join("").normalize("NFC")
      compositions.push({
        first: first.codePointAt(0)!,
        second: parts.at(-1)!.codePointAt(0)!,
        composite: codePoint,
      })
    }
  return { decompositions, compositions }
}

export const powerOfTwo = (least: number): number => 2 ** Math.ceil(Math.log2(Math.max(2, least)))
