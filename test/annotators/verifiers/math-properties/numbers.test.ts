import { describe, expect, it } from "vitest"
import { checkSpellings, commonDivisor, one, type Random, seeded } from "./generated.ts"

const sign = (negative: boolean) => (negative ? "-" : "")

/** The decimal of p/q by long division, with its period. */
function decimal(p: number, q: number): { plain: string; terminates: boolean } {
  let rest = p % q
  let digits = ""
  const seen = new Map<number, number>()
  while (rest !== 0 && !seen.has(rest)) {
    seen.set(rest, digits.length)
    digits += Math.floor((rest * 10) / q)
    rest = (rest * 10) % q
  }
  const whole = Math.floor(p / q)
  if (rest === 0) return { plain: digits === "" ? `${whole}` : `${whole}.${digits}`, terminates: true }
  const start = seen.get(rest)!
  return { plain: `${whole}.${digits.slice(0, start)}\\overline{${digits.slice(start)}}`, terminates: false }
}

function fraction(random: Random) {
  for (;;) {
    const [p, q] = [1 + random(200), 2 + random(60)]
    if (commonDivisor(p, q) === 1) return { p, q, negative: random(3) === 0, scale: 2 + random(8) }
  }
}

describe("numbers and their spellings", () => {
  it("fractions", () => {
    const random = seeded(31)
    let pairs = 0
    for (let round = 0; round < 50; round++) {
      const { p, q, negative, scale } = fraction(random)
      const minus = sign(negative)
      const { plain, terminates } = decimal(p, q)
      const spellings = [
        `${minus}\\frac{${p}}{${q}}`,
        `${minus}${p}/${q}`,
        `${minus}\\dfrac{${p}}{${q}}`,
        `\\frac{${minus}${p}}{${q}}`,
        `${minus}\\frac{${p * scale}}{${q * scale}}`,
        `$${minus}\\tfrac{${p}}{${q}}$`,
        `${minus}${plain}`,
        `${minus}${p} \\div ${q}`,
        `${minus}${p} \\cdot \\frac{1}{${q}}`,
        `x = ${minus}\\frac{ ${p} }{ ${q} }`,
      ]
      if (terminates) spellings.push(`${minus}${plain}00`)
      if (p < 10 && q < 10) spellings.push(`${minus}\\frac${p}${q}`, `${minus}\\frac${p}{${q}}`)
      if (p > q) {
        spellings.push(
          `${minus}${Math.floor(p / q)}\\frac{${p % q}}{${q}}`,
          `${minus}${Math.floor(p / q)} ${p % q}/${q}`,
        )
      }
      const perturbed = [
        `${sign(!negative)}\\frac{${p}}{${q}}`,
        `${minus}\\frac{${p + 1}}{${q}}`,
        `${minus}\\frac{${p}}{${q + 1}}`,
        `${minus}\\frac{${p * scale + 1}}{${q * scale}}`,
        `${minus}${p}${q}`,
        `${minus}${plain.replace(/^\d+/, (whole) => String(Number(whole) + 1))}`,
        `${minus}\\frac{${p}}{${q}}+1`,
      ]
      pairs += checkSpellings(spellings, perturbed)
    }
    expect(pairs).toBeGreaterThan(7_000)
  })

  it("whole numbers with separators and powers of ten", () => {
    const random = seeded(37)
    for (let round = 0; round < 50; round++) {
      const value = 1_000 + random(900_000_000)
      const digits = String(value)
      const by = (separator: string) => digits.replace(/\B(?=(\d{3})+$)/g, separator)
      const power = digits.length - 1
      const mantissa = `${digits[0]}.${digits.slice(1)}`
      const at = random(digits.length)
      const changed = `${digits.slice(0, at)}${(Number(digits[at]) + 1 + random(8)) % 10}${digits.slice(at + 1)}`
      const wrong = [changed, `${value + 1}`, `-${digits}`, `${digits}0`, `${mantissa} \\times 10^{${power + 1}}`]
      checkSpellings(
        [
          digits,
          by(","),
          by("{,}"),
          by("\\,"),
          by(" "),
          `${digits}.0`,
          `0${digits}`,
          `${mantissa} \\times 10^{${power}}`,
          `${mantissa}e${power}`,
          `${mantissa}*10^${power}`,
          `\\$${by(",")}.00`,
          `${by(",")} \\text{ people}`,
          `\\text{${by(",")}}`,
        ],
        wrong.filter((text) => Number(text) !== value),
      )
    }
  })

  it("percent", () => {
    const random = seeded(41)
    for (let round = 0; round < 40; round++) {
      const percent = 1 + random(99)
      const tenth = random(10)
      const written = tenth === 0 ? `${percent}` : `${percent}.${tenth}`
      const share = percent * 10 + tenth
      checkSpellings(
        [
          `${written}\\%`,
          `${written}%`,
          `${written} percent`,
          `\\frac{${share}}{1000}`,
          `${share / 1000}`,
          `${share}/1000`,
        ],
        [`${percent + 1}.${tenth}\\%`, `-${written}\\%`, `\\frac{${share + 1}}{1000}`, `${share / 10_000}`],
      )
    }
  })

  it("radicals", () => {
    const random = seeded(43)
    for (let round = 0; round < 50; round++) {
      const [a, b] = [2 + random(12), one(random, [2, 3, 5, 6, 7, 10, 11, 13, 14, 15])]
      const minus = sign(random(3) === 0)
      checkSpellings(
        [
          `${minus}${a}\\sqrt{${b}}`,
          `${minus}\\sqrt{${a * a * b}}`,
          `${minus}${a} \\sqrt ${b}`,
          `${minus}${a}*sqrt(${b})`,
          `${minus}${a}√${b}`,
          `${minus}\\frac{${a * b}}{\\sqrt{${b}}}`,
          `${minus}${a} \\cdot ${b}^{1/2}`,
          `${minus}\\sqrt{${b}} \\cdot ${a}`,
          `${minus}\\frac{${a}}{2}\\sqrt{${4 * b}}`,
        ],
        [
          `${minus}${a}\\sqrt{${b + 1}}`,
          `${minus}${a + 1}\\sqrt{${b}}`,
          `${sign(minus === "")}${a}\\sqrt{${b}}`,
          `${minus}\\sqrt{${a * a * b + 1}}`,
          `${minus}${a}\\sqrt[3]{${b}}`,
          `${minus}${(a * Math.sqrt(b)).toFixed(9)}`,
          `${minus}${a}+\\sqrt{${b}}`,
        ],
      )
    }
  })

  it("complex numbers", () => {
    const random = seeded(47)
    for (let round = 0; round < 40; round++) {
      const [a, b, c, d] = Array.from({ length: 4 }, () => 1 + random(9)) as [number, number, number, number]
      const [re, im] = [a * c - b * d, a * d + b * c]
      if (re === 0) continue
      const sum = `${im}i${re < 0 ? re : `+${re}`}`
      checkSpellings(
        [`(${a}+${b}i)(${c}+${d}i)`, `${re}+${im}i`, sum, `${re} + ${im}\\mathrm{i}`, `z = ${re}+${im} i`],
        [`${re}-${im}i`, `${re + 1}+${im}i`, `${re}+${im + 1}i`, `${re}+${im}`, `${im}i`],
      )
    }
  })

  it("units", () => {
    const random = seeded(53)
    const conversions = [
      ["km", "m", 1_000],
      ["m", "cm", 100],
      ["cm", "mm", 10],
      ["kg", "g", 1_000],
      ["hours", "minutes", 60],
      ["minutes", "seconds", 60],
      ["days", "hours", 24],
      ["liters", "ml", 1_000],
      ["feet", "inches", 12],
      ["m^2", "cm^2", 10_000],
      ["km/h", "m/h", 1_000],
    ] as const
    for (let round = 0; round < 25; round++) {
      const [large, small, factor] = one(random, conversions)
      const count = 2 + random(500)
      checkSpellings(
        [
          `${count} ${large}`,
          `${count}\\text{ ${large}}`,
          `${count}\\,\\mathrm{${large}}`,
          `${count}.0 ${large}`,
          `${count * factor} ${small}`,
        ],
        [`${count} ${small}`, `${count + 1} ${large}`, `${count * factor + 1} ${small}`, `-${count} ${large}`],
      )
      checkSpellings([`${count} ${large}`, `${count}`], [`${count + 1}`])
    }
  })
})
