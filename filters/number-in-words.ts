const ones =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(
    " ",
  )
const tens = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ")
const digits = "零一二三四五六七八九"

/** A whole number from 0 to 999 in English, with a hyphen or a blank between ten and one, and in Chinese; none for any other. */
export function numberInWords(value: number): string[] {
  if (!Number.isInteger(value) || value < 0 || value > 999) return []
  const english = inEnglish(value)
  return [...new Set([english, english.replaceAll("-", " "), inChinese(value)])]
}

function inEnglish(value: number): string {
  if (value < 20) return ones[value]!
  if (value < 100) return tens[Math.floor(value / 10) - 2]! + (value % 10 === 0 ? "" : `-${ones[value % 10]}`)
  const rest = value % 100
  return `${ones[Math.floor(value / 100)]} hundred${rest === 0 ? "" : ` ${inEnglish(rest)}`}`
}

function inChinese(value: number): string {
  if (value < 10) return digits[value]!
  if (value < 100) {
    const ten = Math.floor(value / 10)
    return `${ten === 1 ? "" : digits[ten]}十${value % 10 === 0 ? "" : digits[value % 10]}`
  }
  const rest = value % 100
  const hundreds = `${digits[Math.floor(value / 100)]}百`
  if (rest === 0) return hundreds
  return hundreds + (rest < 10 ? `零${digits[rest]}` : (rest < 20 ? "一" : "") + inChinese(rest))
}
