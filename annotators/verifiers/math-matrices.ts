// Matrices, vectors, determinants and systems in LaTeX environments.
import { writtenMatrix } from "./math-collections.ts"
import { listOf } from "./math-lists.ts"
import { parseExpression } from "./math-parser.ts"
import { constant } from "./math-quantity.ts"
import { nameOf } from "./math-relations.ts"
import { type Expression, operation } from "./math-tree.ts"
import type { MathValue, Written } from "./math-values.ts"

/** Reads a text with an environment in it. */
export function readMatrix(plain: string, base: Written, read: (part: string) => MathValue): MathValue {
  const matrix = writtenMatrix(plain)
  if (matrix === null) {
    const named = /^([^=]{1,24})=\s*(\\begin[\s\S]*|[^=]{0,64}\\begin[\s\S]*)$/.exec(plain)
    const name = named && nameOf(named[1]!.trim())
    if (named && name) return { ...read(named[2]!), ...base, name }
    const around = /^\(([\s\S]*)\)$/.exec(plain)
    return around ? { ...read(around[1]!), ...base } : { ...base, kind: "opaque" }
  }
  if (matrix.kind === "cases") {
    const cells = matrix.rows.map((row) => row.join(" "))
    return cells.length < 2 ? { ...base, kind: "opaque" } : listOf(base, cells.map(read), "and")
  }
  if (matrix.kind === "vmatrix") return { ...base, ...(determinant(matrix.rows) ?? { kind: "opaque" }) }
  if (matrix.kind.startsWith("V")) return { ...base, kind: "opaque" }
  if (matrix.factor !== "" && nameOf(matrix.factor.replace(/=$/, "")) !== null && matrix.factor.endsWith("="))
    return { ...read(plain.slice(plain.indexOf("=") + 1)), ...base, name: nameOf(matrix.factor.slice(0, -1).trim()) }
  const scale = matrix.factor.replace(/\*$/, "")
  if (scale.includes("=")) return { ...base, kind: "opaque" }
  const cell = (text: string) => read(scale === "" ? text : scale === "-" ? `-(${text})` : `(${scale})*(${text})`)
  return { ...base, kind: "matrix", rows: matrix.rows.map((row) => row.map(cell)) }
}

/** Largest determinant that is written out, in rows. */
const maxDeterminant = 4

/** The determinant of a square of expressions, by its first row; null for others and beyond `maxDeterminant` rows. */
function determinant(rows: readonly (readonly string[])[]) {
  if (rows.length > maxDeterminant || rows.some((row) => row.length !== rows.length)) return null
  const cells = rows.map((row) => row.map(parseExpression))
  if (!cells.every((row): row is Expression[] => row.every((cell) => cell !== null))) return null
  return constant(expanded(cells))
}

function expanded(cells: readonly (readonly Expression[])[]): Expression {
  const [first, ...rest] = cells
  if (rest.length === 0) return first![0]!
  return first!
    .map((cell, at) => operation("*", cell, expanded(rest.map((row) => row.filter((_, column) => column !== at)))))
    .reduce((sum, term, at) => operation(at % 2 === 0 ? "+" : "-", sum, term))
}
