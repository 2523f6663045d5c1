// mathjs as the judge of random expressions: two are equal where their values agree at points of every sign.
import { type Complex, complex, type EvalFunction, parse } from "mathjs"
import { expect, it } from "vitest"
import { math } from "../../../../annotators/verifiers/math.ts"
import { one, type Random, seeded } from "./generated.ts"

type Tree =
  | { readonly leaf: string }
  | { readonly operator: "+" | "-" | "*" | "/" | "^"; readonly left: Tree; readonly right: Tree }
  | { readonly call: "sqrt" | "sin" | "cos" | "exp" | "abs" | "ln"; readonly of: Tree }

const functions = ["sqrt", "sin", "cos", "exp", "abs", "ln"] as const
const leaves = ["x", "y", "2", "3", "5", "7", "x", "y"] as const

function tree(random: Random, depth: number): Tree {
  if (depth === 0 || random(6) === 0) return { leaf: one(random, leaves) }
  if (random(4) === 0) return { call: one(random, functions), of: tree(random, depth - 1) }
  const operator = one(random, ["+", "-", "*", "/", "^"] as const)
  const right: Tree = operator === "^" ? { leaf: one(random, ["2", "3"]) } : tree(random, depth - 1)
  return { operator, left: tree(random, depth - 1), right }
}

/** The same function, written otherwise. */
function rewritten(random: Random, node: Tree): Tree {
  if ("leaf" in node) return random(4) === 0 ? minus(minus(node)) : node
  if ("call" in node) {
    const of = rewritten(random, node.of)
    return node.call === "sqrt" && random(3) === 0 ? half(of) : { ...node, of }
  }
  const [left, right] = [rewritten(random, node.left), rewritten(random, node.right)]
  switch (node.operator) {
    case "+":
      return random(2) === 0
        ? { operator: "+", left: right, right: left }
        : { operator: "-", left, right: minus(right) }
    case "-":
      return random(2) === 0
        ? minus({ operator: "-", left: right, right: left })
        : { operator: "+", left: minus(right), right: left }
    case "*":
      return { operator: "*", left: right, right: left }
    case "/":
      return { operator: "*", left: { operator: "/", left: { leaf: "1" }, right }, right: left }
    case "^":
      return "leaf" in node.right && node.right.leaf === "2" ? { operator: "*", left, right: left } : { ...node, left }
  }
}

const minus = (of: Tree): Tree => ({ operator: "*", left: { leaf: "(-1)" }, right: of })
const half = (of: Tree): Tree => ({ operator: "^", left: of, right: { leaf: "(1/2)" } })

/** One leaf or operator of the tree changed. */
function mutated(random: Random, node: Tree): Tree {
  if ("leaf" in node) return { leaf: node.leaf === "x" ? "y" : node.leaf === "y" ? "x" : String(Number(node.leaf) + 1) }
  if ("call" in node) return random(3) === 0 ? node.of : { ...node, of: mutated(random, node.of) }
  if (node.operator !== "^" && random(4) === 0) return { ...node, operator: node.operator === "+" ? "-" : "+" }
  return random(2) === 0
    ? { ...node, left: mutated(random, node.left) }
    : { ...node, right: mutated(random, node.right) }
}

const plain = (node: Tree): string =>
  "leaf" in node
    ? node.leaf
    : "call" in node
      ? `${node.call}(${plain(node.of)})`
      : `(${plain(node.left)} ${node.operator} ${plain(node.right)})`

const commands = { sqrt: "\\sqrt", sin: "\\sin", cos: "\\cos", exp: "\\exp", abs: "", ln: "\\ln" }

function latex(node: Tree): string {
  if ("leaf" in node) return node.leaf.replace("(1/2)", "\\frac12")
  if ("call" in node) {
    if (node.call === "abs") return `\\left|${latex(node.of)}\\right|`
    return node.call === "sqrt" ? `\\sqrt{${latex(node.of)}}` : `${commands[node.call]}\\left(${latex(node.of)}\\right)`
  }
  const [left, right] = [latex(node.left), latex(node.right)]
  switch (node.operator) {
    case "/":
      return `\\frac{${left}}{${right}}`
    case "*":
      return `(${left}) \\cdot (${right})`
    case "^":
      return `{(${left})}^{${right}}`
    default:
      return `\\left(${left} ${node.operator} ${right}\\right)`
  }
}

const points = [
  [0.7, 1.3],
  [-1.1, 0.4],
  [2.3, -0.6],
  [-0.8, -1.7],
  [3.1, 2.9],
] as const

/** What mathjs says of two trees; null where it finds too few values, or they are too near each other to tell. */
function oracle(a: Tree, b: Tree): boolean | null {
  const [first, second] = [a, b].map((node) => parse(plain(node).replaceAll("ln(", "log(")).compile()) as [
    EvalFunction,
    EvalFunction,
  ]
  let known = 0
  let worst = 0
  for (const [x, y] of points) {
    const [p, q] = [first, second].map((one) => complex(one.evaluate({ x, y }) as number)) as [Complex, Complex]
    const [size, gap] = [Math.hypot(p.re, p.im) + Math.hypot(q.re, q.im), Math.hypot(p.re - q.re, p.im - q.im)]
    // Values that nearly cancel, or beyond a double's precision, say nothing; nor do roots and logarithms of what is below zero.
    if (!Number.isFinite(size) || size > 1e9 || size < 1e-6 || p.im !== 0 || q.im !== 0) continue
    known++
    worst = Math.max(worst, gap / size)
  }
  return known < 3 || (worst > 1e-12 && worst < 1e-6) ? null : worst <= 1e-12
}

it("random expressions are equal where mathjs finds them so", () => {
  const random = seeded(113)
  const missed: unknown[] = []
  const decided = { equal: 0, unequal: 0 }
  for (let round = 0; round < 1_500; round++) {
    const a = tree(random, 1 + random(3))
    const b = random(2) === 0 ? rewritten(random, a) : mutated(random, rewritten(random, a))
    const expected = oracle(a, b)
    if (expected === null) continue
    decided[expected ? "equal" : "unequal"]++
    for (const [answer, reference] of [
      [latex(a), plain(b)],
      [plain(b), latex(a)],
      [latex(b), latex(a)],
    ] as const) {
      const { verdict } = math.verify({ completion: answer, reference, options: { answer: "bare" } })
      if (verdict !== (expected ? "correct" : "incorrect")) missed.push({ answer, reference, verdict, expected })
    }
  }
  expect(missed).toEqual([])
  expect(decided.equal).toBeGreaterThan(400)
  expect(decided.unequal).toBeGreaterThan(300)
})
