import { describe, it } from "vitest"
import { checkSpellings, distinct, one, seeded, shuffled } from "./generated.ts"

describe("collections and their spellings", () => {
  it("points and vectors keep their order, length and signs", () => {
    const random = seeded(61)
    for (let round = 0; round < 50; round++) {
      const all = distinct(random, 2 + random(4), 40)
      const changed = all.map((value, at) => (at === round % all.length ? value + 1 : value))
      const text = all.join(",")
      const wrong = [
        `(${[...all].reverse().join(",")})`,
        `(${changed.join(",")})`,
        `(${all.slice(1).join(",")})`,
        `(${text},99)`,
        `(${all.map((value) => -value).join(",")})`,
      ]
      const rows = all.join(" \\\\ ")
      checkSpellings(
        [
          `(${text})`,
          `(${all.join(", ")})`,
          `\\left(${text}\\right)`,
          `$\\left( ${all.join(" , ")} \\right)$`,
          `(${all.map((value) => `\\frac{${2 * value}}{2}`).join(",")})`,
          `\\begin{pmatrix} ${rows} \\end{pmatrix}`,
          `\\begin{bmatrix}${rows}\\end{bmatrix}`,
        ],
        all.every((value) => value === 0) ? [] : wrong,
      )
    }
  })

  it("sets have no order", () => {
    const random = seeded(67)
    for (let round = 0; round < 50; round++) {
      const all = distinct(random, 2 + random(4), 60)
      const changed = all.map((value, at) => (at === round % all.length ? 77 : value))
      checkSpellings(
        [
          `\\{${all.join(",")}\\}`,
          `\\{${shuffled(random, all).join(", ")}\\}`,
          `\\left\\{${shuffled(random, all).join(",")}\\right\\}`,
          shuffled(random, all).join(", "),
          shuffled(random, all).join(" and "),
          `x = ${shuffled(random, all).join(" \\text{ or } x = ")}`,
          `\\{${[...all, all[0]].join(",")}\\}`,
        ],
        [
          `\\{${changed.join(",")}\\}`,
          changed.join(", "),
          `\\{${all.slice(1).join(",")}\\}`,
          `\\{${all.join(",")},88\\}`,
        ],
      )
    }
  })

  it("intervals keep their ends, open or closed", () => {
    const random = seeded(71)
    const ends = [
      ["(", ")"],
      ["[", "]"],
      ["(", "]"],
      ["[", ")"],
    ] as const
    for (let round = 0; round < 50; round++) {
      const low = random(40) - 20
      const high = low + 1 + random(20)
      const [open, close] = one(random, ends)
      const [left, right] = [open === "(" ? "<" : "\\le", close === ")" ? "<" : "\\leq"]
      const others = ends.filter(([o, c]) => o !== open || c !== close).map(([o, c]) => `${o}${low},${high}${c}`)
      checkSpellings(
        [
          `${open}${low},${high}${close}`,
          `\\left${open}${low}, ${high}\\right${close}`,
          `${low} ${left} x ${right} ${high}`,
          `x \\in ${open}${low},${high}${close}`,
          `${high} ${close === ")" ? ">" : "\\ge"} x ${open === "(" ? ">" : "\\geq"} ${low}`,
          `\\{x \\mid ${low} ${left} x ${right} ${high}\\}`,
        ],
        [...others, `${open}${low},${high + 1}${close}`, `${open}${low - 1},${high}${close}`, `${low} < x`, `${high}`],
      )
    }
  })

  it("half lines and unions", () => {
    const random = seeded(73)
    for (let round = 0; round < 40; round++) {
      const low = random(40) - 20
      const high = low + 1 + random(20)
      const [strict, closed] = random(2) === 0 ? [true, false] : [false, true]
      const [less, more] = strict ? ["<", ">"] : ["\\le", "\\ge"]
      const [end, start] = closed ? ["]", "["] : [")", "("]
      const [otherEnd, otherStart] = closed ? [")", "("] : ["]", "["]
      checkSpellings(
        [
          `(-\\infty,${low}${end} \\cup ${start}${high},\\infty)`,
          `${start}${high},+\\infty) \\cup (-\\infty, ${low}${end}`,
          `x ${less} ${low} \\text{ or } x ${more} ${high}`,
          `x ${more} ${high} or x ${less} ${low}`,
          `(-∞,${low}${end}∪${start}${high},∞)`,
        ],
        [
          `(-\\infty,${low}${otherEnd} \\cup ${start}${high},\\infty)`,
          `(-\\infty,${low}${end} \\cup ${otherStart}${high},\\infty)`,
          `(-\\infty,${low - 1}${end} \\cup ${start}${high},\\infty)`,
          `(-\\infty,${low}${end}`,
          `${start}${high},\\infty)`,
          `x ${less} ${low}`,
          `(${low},${high})`,
        ],
      )
    }
  })

  it("matrices keep their rows and columns", () => {
    const random = seeded(79)
    for (let round = 0; round < 40; round++) {
      const [height, width] = [2 + random(2), 2 + random(2)]
      const values = distinct(random, height * width, 60)
      const rows = Array.from({ length: height }, (_, row) => values.slice(row * width, (row + 1) * width))
      const body = (all: number[][]) => all.map((row) => row.join(" & ")).join(" \\\\ ")
      const pmatrix = (all: number[][]) => `\\begin{pmatrix} ${body(all)} \\end{pmatrix}`
      const turned = Array.from({ length: width }, (_, column) => rows.map((row) => row[column]!))
      const changed = rows.map((row, at) => (at === 0 ? row.map((value, i) => (i === 0 ? value + 1 : value)) : row))
      checkSpellings(
        [
          pmatrix(rows),
          `\\begin{bmatrix}${body(rows)}\\end{bmatrix}`,
          `\\left[\\begin{array}{${"c".repeat(width)}}${body(rows)}\\end{array}\\right]`,
          `[${rows.map((row) => `[${row.join(", ")}]`).join(", ")}]`,
          `2${pmatrix(rows.map((row) => row.map((value) => value / 2)))}`,
          `M = ${pmatrix(rows)}`,
        ],
        [pmatrix(turned), pmatrix(changed), pmatrix([...rows].reverse()), pmatrix(rows.slice(1)), `2${pmatrix(rows)}`],
      )
    }
  })

  it("ratios are fractions of each other", () => {
    const random = seeded(83)
    for (let round = 0; round < 40; round++) {
      const [p, q] = [1 + random(30), 31 + random(30)]
      const scale = 2 + random(5)
      checkSpellings(
        [`${p}:${q}`, `${p} : ${q}`, `${p * scale}:${q * scale}`, `\\frac{${p}}{${q}}`, `${p} to ${q}`],
        [`${q}:${p}`, `${p + 1}:${q}`, `${p}:${q}:1`, `${p}`],
      )
    }
  })
})
