import { expect, test } from "vitest"
import { leadingChineseNumeral } from "../../annotators/verifiers/chinese-numerals.ts"
import { leadingNumberWords } from "../../annotators/verifiers/number-words.ts"
import { numberInWords } from "../../filters/number-in-words.ts"

test("every whole number up to 999 is read back as itself", () => {
  for (let value = 0; value <= 999; value++) {
    const words = numberInWords(value)
    expect(words.length).toBeGreaterThanOrEqual(2)
    for (const word of words) {
      const read = /[a-z]/.test(word) ? leadingNumberWords(word) : leadingChineseNumeral(word)
      expect([word, read?.rest]).toEqual([word, ""])
      expect([word, Number(read!.value.numerator), Number(read!.value.denominator)]).toEqual([word, value, 1])
    }
  }
})

test("no other number has words", () => {
  for (const value of [-1, 1.5, 1_000, Number.NaN, Number.POSITIVE_INFINITY]) expect(numberInWords(value)).toEqual([])
})
