import { describe, it } from "vitest"
import { checkSpellings, coefficient, distinct, one, seeded, shuffled, signed } from "./generated.ts"

const symbols = ["x", "y", "n", "t", "k", "a"] as const

describe("expressions and their rewritings", () => {
  it("a product of factors is its expansion, in any order of its terms", () => {
    const random = seeded(91)
    for (let round = 0; round < 25; round++) {
      const x = one(random, symbols)
      const [a, c] = [1 + random(6), 1 + random(6)]
      const [b, d] = distinct(random, 2, 30) as [number, number]
      const [two, first, none] = [a * c, a * d + b * c, b * d]
      const terms = [`${two}${x}^2`, `${first}${x}`, `${none}`]
      const factor = (m: number, n: number) => `(${coefficient(m, x)} ${signed(n)})`
      const plain = `${coefficient(two, `${x}^2`)} ${signed(first, x)} ${signed(none)}`
      checkSpellings(
        [
          `${factor(a, b)}${factor(c, d)}`,
          `${factor(c, d)} \\cdot ${factor(a, b)}`,
          plain,
          shuffled(random, terms).join("+").replaceAll("+-", "-"),
          plain.replaceAll("^2", "^{2}").replaceAll(" ", ""),
          plain.replaceAll("^2", "²"),
          `\\left${factor(a, b).slice(0, -1)}\\right)\\left${factor(c, d).slice(0, -1)}\\right)`,
          `\\frac{${factor(a, b)}${factor(2 * c, 2 * d)}}{2}`,
        ],
        [
          `${plain} + 1`,
          `${factor(a, b)}${factor(c, d + 1)}`,
          plain.replaceAll(x, x.toUpperCase()),
          plain.replaceAll(x, "w"),
          `-(${plain})`,
          `${plain} + ${x}^3`,
        ],
      )
    }
  })

  it("quotients of polynomials", () => {
    const random = seeded(97)
    for (let round = 0; round < 40; round++) {
      const x = one(random, symbols)
      const [a, b, c] = [1 + random(9), 10 + random(9), 20 + random(9)]
      checkSpellings(
        [
          `\\frac{1}{${x}+${a}}+\\frac{1}{${x}+${b}}`,
          `\\frac{2${x}+${a + b}}{(${x}+${a})(${x}+${b})}`,
          `\\frac{2${x}+${a + b}}{${x}^2+${a + b}${x}+${a * b}}`,
          `(2${x}+${a + b})/((${x}+${b})(${x}+${a}))`,
          `\\frac{(2${x}+${a + b})(${x}+${c})}{(${x}+${a})(${x}+${b})(${x}+${c})}`,
        ],
        [
          `\\frac{2}{2${x}+${a + b}}`,
          `\\frac{2${x}+${a + b + 1}}{(${x}+${a})(${x}+${b})}`,
          `\\frac{1}{${x}+${a}}-\\frac{1}{${x}+${b}}`,
          `\\frac{1}{${x}+${a}}+\\frac{1}{${x}+${c}}`,
        ],
      )
    }
  })

  it("identities of powers, logarithms and trigonometry", () => {
    const random = seeded(101)
    for (let round = 0; round < 25; round++) {
      const x = one(random, symbols)
      const [a, b] = [2 + random(7), 10 + random(7)]
      const groups: readonly (readonly [string[], string[]])[] = [
        [
          [`\\sin(${2 * a}${x})`, `2\\sin(${a}${x})\\cos(${a}${x})`, `sin(${2 * a}*${x})`, `\\sin ${2 * a}${x}`],
          [`2\\sin(${a}${x})`, `\\cos(${2 * a}${x})`, `\\sin(${2 * a + 1}${x})`, `${2 * a}\\sin ${x}`],
        ],
        [
          [`\\cos^2 ${a}${x}`, `1-\\sin^2 ${a}${x}`, `\\frac{1+\\cos ${2 * a}${x}}{2}`, `(\\cos ${a}${x})^2`],
          [`\\sin^2 ${a}${x}`, `\\cos ${a}${x}`, `\\cos ${2 * a}${x}`],
        ],
        [
          [`\\ln(${x}^{${a}})`, `${a}\\ln ${x}`, `${a}\\ln(${x})`],
          [`(\\ln ${x})^{${a}}`, `${a + 1}\\ln ${x}`, `\\ln(${a}${x})`],
        ],
        [
          [`\\log_{${a}}(${a ** 3})`, "3", `\\frac{\\ln ${a ** 3}}{\\ln ${a}}`],
          ["4", `\\log_{${a + 1}}(${a ** 3})`],
        ],
        [
          [`e^{${a}${x}}e^{${b}}`, `e^{${a}${x}+${b}}`, `e^{${b}+${a}${x}}`, `\\exp(${a}${x}+${b})`],
          [`e^{${a}${x}}+e^{${b}}`, `e^{${a}${x}-${b}}`, `e^{${a * b}${x}}`, `${b}e^{${a}${x}}`],
        ],
        [
          [`${a}^{n+1}`, `${a} \\cdot ${a}^n`, `${a}^{1+n}`, `${a * a} \\cdot ${a}^{n-1}`],
          [`${a}^n+1`, `${a}^{n-1}`, `${a + 1}^{n+1}`, `${a}(n+1)`],
        ],
        [
          [`\\sqrt{${x}^2+${a}}`, `(${x}^2+${a})^{1/2}`, `\\sqrt{${a}+${x}^2}`, `sqrt(${x}^2+${a})`],
          [`${x}+\\sqrt{${a}}`, `\\sqrt{${x}^2+${a + 1}}`, `\\sqrt{${x}^2-${a}}`, `${x}^2+${a}`],
        ],
        [
          [`\\arctan ${a}+\\arctan\\frac{1}{${a}}`, "\\frac{\\pi}{2}", "\\pi/2"],
          ["\\pi", "\\frac{\\pi}{3}", "90.0001"],
        ],
        [
          [`|${x}-${a}|`, `|${a}-${x}|`, `\\left|${x}-${a}\\right|`, `\\sqrt{(${x}-${a})^2}`],
          [`${x}-${a}`, `|${x}+${a}|`, `${a}-${x}`, `|${x}|-${a}`],
        ],
      ]
      for (const [spellings, perturbed] of groups) checkSpellings(spellings, perturbed)
    }
  })

  it("equations up to a factor, and lines solved for y", () => {
    const random = seeded(103)
    for (let round = 0; round < 50; round++) {
      const [a, b] = distinct(random, 2, 20) as [number, number]
      if (Math.abs(a) < 2 || b === 0) continue
      const line = `${coefficient(a, "x")} ${signed(b)}`
      checkSpellings(
        [
          `y = ${line}`,
          `${line} = y`,
          `y - (${line}) = 0`,
          `${coefficient(-a, "x")} + y ${signed(-b)} = 0`,
          `3y = ${3 * a}x ${signed(3 * b)}`,
          `2y ${signed(-2 * a, "x")} = ${2 * b}`,
        ],
        [
          `y = ${line} + 1`,
          `y = ${coefficient(a, "x")} ${signed(-b)}`,
          `y = ${coefficient(-a, "x")} ${signed(b)}`,
          `x = ${coefficient(a, "y")} ${signed(b)}`,
          `y + (${line}) = 0`,
          `2y = ${line}`,
        ],
      )
    }
  })

  it("inequalities up to a positive factor", () => {
    const random = seeded(107)
    for (let round = 0; round < 40; round++) {
      const bound = 1 + random(50)
      const [sign, turned, loose] = random(2) === 0 ? ["<", ">", "\\le"] : [">", "<", "\\ge"]
      checkSpellings(
        [`x+y ${sign} ${bound}`, `y+x ${sign} ${bound}`, `${bound} ${turned} x+y`, `2x+2y ${sign} ${2 * bound}`],
        [`x+y ${turned} ${bound}`, `x+y ${loose} ${bound}`, `x+y ${sign} ${bound + 1}`, `x-y ${sign} ${bound}`],
      )
    }
  })
})
