import { describe, expect, test } from "vitest"
import { NearDuplicates } from "../../../pipelines/cold-start/near-duplicates.ts"
import { similarityOf, sketchBytes, writeSketch } from "../../../pipelines/cold-start/sketch.ts"

/** Numbers in [0, 1) that are the same in every run. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const vocabulary = Array.from({ length: 2_000 }, (_, at) => `w${at.toString(36)}${"xyzuv"[at % 5]}`)
const textOf = (next: () => number, words: number) =>
  Array.from({ length: words }, () => vocabulary[Math.floor(next() * vocabulary.length)]).join(" ")

/** The similarity itself, from the sets of shingles. */
function jaccard(a: string, b: string): number {
  const shingles = (text: string) =>
    new Set(Array.from({ length: Math.max(1, text.length - 4) }, (_, at) => text.slice(at, at + 5)))
  const [one, other] = [shingles(a), shingles(b)]
  const shared = [...one].filter((shingle) => other.has(shingle)).length
  return shared / (one.size + other.size - shared)
}

function sketchesOf(texts: readonly string[]): Uint8Array {
  const sketches = new Uint8Array(texts.length * sketchBytes)
  texts.forEach((text, at) => {
    writeSketch(text, sketches, at * sketchBytes)
  })
  return sketches
}

const similarity = (a: string, b: string) => similarityOf(sketchesOf([a, b]), 0, sketchBytes)

describe("a sketch", () => {
  test("estimates the similarity without bias, within its standard error", () => {
    const next = random(1)
    const errors: number[] = []
    for (let pair = 0; pair < 300; pair++) {
      const words = textOf(next, 40).split(" ")
      const kept = next()
      const changed = words.map((word) => (next() < kept ? word : textOf(next, 1)))
      const [a, b] = [words.join(" "), changed.join(" ")]
      errors.push(similarity(a, b) - jaccard(a, b))
    }
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length
    const deviation = Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length)
    expect(Math.abs(mean)).toBeLessThan(0.01)
    // sqrt(J (1 - J) / 128) is at most 0.044.
    expect(deviation).toBeLessThan(0.045)
  })

  test.each([
    ["letter case and white space", "What is  3 + 4?\n", "what is 3 + 4?"],
    ["width forms", "计算（３＋４）×２", "计算(3+4)×2"],
  ])("does not see %s", (_, a, b) => {
    expect(similarity(a, b)).toBe(1)
  })

  test("sees signs and digits", () => {
    expect(similarity("What is 7 + 5?", "What is 7 - 5?")).toBeLessThan(1)
    expect(
      similarity("小明有三个苹果，小红有五个，一共有几个？", "小明有三个苹果，小红有八个，一共有几个？"),
    ).toBeLessThan(1)
  })

  test("is defined for any text, and differs for different short ones", () => {
    for (const text of ["", "a", "\ud800", "\u0000", "x".repeat(1_000_000)]) expect(similarity(text, text)).toBe(1)
    expect(similarity("a", "b")).toBeLessThan(0.1)
  })
})

describe("NearDuplicates", () => {
  test("finds planted pairs, and no strangers", () => {
    const next = random(2)
    const texts: string[] = []
    for (let at = 0; at < 1_000; at++) texts.push(textOf(next, 40))
    // One word of forty is another one: similarity about 0.9.
    const planted = texts.slice(0, 300).map((text) => {
      const words = text.split(" ")
      words[Math.floor(next() * words.length)] = textOf(next, 1)
      return words.join(" ")
    })
    const sketches = sketchesOf([...texts, ...planted])
    const index = new NearDuplicates(sketches, { maximum: 0.75, capacity: 1_000 })
    for (let at = 0; at < 1_000; at++) {
      expect(index.find(at)).toBeNull()
      index.add(at)
    }
    const found = planted.map((_, at) => index.find(1_000 + at))
    expect(found.filter((twin, at) => twin?.of === at).length).toBeGreaterThanOrEqual(298)
    for (const [at, twin] of found.entries())
      if (twin) expect(Math.abs(twin.similarity - jaccard(texts[twin.of]!, planted[at]!))).toBeLessThan(0.15)
  })

  test("a maximum of 1 refuses nothing, not even the same text", () => {
    const sketches = sketchesOf(["the same", "the same"])
    const index = new NearDuplicates(sketches, { maximum: 1, capacity: 2 })
    index.add(0)
    expect(index.find(1)).toBeNull()
    const strict = new NearDuplicates(sketches, { maximum: 0.99, capacity: 2 })
    strict.add(0)
    expect(strict.find(1)).toEqual({ of: 0, similarity: 1 })
  })
})
