import { describe, expect, it } from "vitest"
import { hashNgrams, NgramSet, ngramLength, splitWords } from "../../filters/ngrams.ts"

const wordsOf = (text: string) => {
  const { count, starts, ends } = splitWords(text)
  return Array.from({ length: count }, (_, i) => text.slice(starts[i], ends[i]))
}

describe("words", () => {
  it("splits at everything but letters, digits and marks", () => {
    expect(wordsOf("Don't stop: x_1 = 3.5!")).toEqual(["Don", "t", "stop", "x", "1", "3", "5"])
    expect(wordsOf("")).toEqual([])
    expect(wordsOf(" .,\n")).toEqual([])
    expect(wordsOf("naïve Ünï")).toEqual(["naïve", "Ünï"])
  })
  it("takes each character of an unspaced script as a word", () => {
    expect(wordsOf("小明有3个ab")).toEqual(["小", "明", "有", "3", "个", "ab"])
    expect(wordsOf("𠀀𠀁😀")).toEqual(["𠀀", "𠀁", "😀"])
    expect(splitWords("小明 ab").unspaced).toBe(2)
  })
  it("keeps lone surrogates apart", () => {
    expect(wordsOf("a\ud800b\udc00")).toEqual(["a", "\ud800", "b", "\udc00"])
  })
  it("hashes without regard to case, and apart otherwise", () => {
    const [a, b, c] = ["The Cat", "the cAT", "the car"].map((text) => splitWords(text).hashes.slice(0, 2))
    expect(a).toEqual(b)
    expect(a).not.toEqual(c)
  })
  it("grows with the text", () => {
    expect(splitWords("word ".repeat(5_000)).count).toBe(5_000)
  })
})

describe("n-grams", () => {
  it("gives equal n-grams equal hashes wherever they stand", () => {
    const words = splitWords("one two three four zero one two three five")
    const hashes = hashNgrams(words, 3)
    expect(hashes.length).toBe(7)
    expect(hashes[0]).toBe(hashes[5])
    expect(new Set(hashes).size).toBe(6)
  })
  it("finds where an n-gram came first, whatever the hash says", () => {
    const words = splitWords("a b c d a b c")
    const set = new NgramSet(3, words.hashes, 5)
    // One hash for all: the words themselves must decide.
    expect([0, 1, 2, 3].map((at) => set.add(7, at))).toEqual([-1, -1, -1, -1])
    expect(set.add(7, 4)).toBe(0)
    expect(set.find(7, splitWords("b c d").hashes, 0)).toBe(1)
    expect(set.find(7, splitWords("b c e").hashes, 0)).toBe(-1)
  })
  it("has none where the text is shorter", () => {
    expect(hashNgrams(splitWords("a b"), 3).length).toBe(0)
  })
  it("is longer in characters than in words", () => {
    expect(ngramLength(splitWords("ab cd ef"), 12)).toBe(12)
    expect(ngramLength(splitWords("小明有三个"), 12)).toBe(18)
  })
})
