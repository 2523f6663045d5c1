// The names under which functions are written, in LaTeX and in plain text.
import type { FunctionName } from "./math-tree.ts"

const names: Record<string, FunctionName> = {
  sin: "sin",
  cos: "cos",
  tan: "tan",
  cot: "cot",
  sec: "sec",
  csc: "csc",
  arcsin: "arcsin",
  arccos: "arccos",
  arctan: "arctan",
  arccot: "arccot",
  arcsec: "arcsec",
  arccsc: "arccsc",
  asin: "arcsin",
  acos: "arccos",
  atan: "arctan",
  sinh: "sinh",
  cosh: "cosh",
  tanh: "tanh",
  coth: "coth",
  arcsinh: "arsinh",
  arccosh: "arcosh",
  arctanh: "artanh",
  asinh: "arsinh",
  acosh: "arcosh",
  atanh: "artanh",
  arsinh: "arsinh",
  arcosh: "arcosh",
  artanh: "artanh",
  tg: "tan",
  ctg: "cot",
  arctg: "arctan",
  cosec: "csc",
  exp: "exp",
  ln: "ln",
  log: "log",
  lg: "lg",
  abs: "abs",
  floor: "floor",
  ceil: "ceiling",
  ceiling: "ceiling",
  max: "max",
  min: "min",
  gcd: "gcd",
  lcm: "lcm",
}

const byText = new Map<string, FunctionName>()
for (const [name, one] of Object.entries(names)) byText.set(name, one).set(`\\${name}`, one)

/** Names of functions that plain text writes without a backslash. */
export const functionWords: readonly string[] = Object.keys(names).filter(
  (name) => name.length > 2 || name === "ln" || name === "lg",
)

/** The function that a word (`sin`) or a command (`\sin`) names, or null. */
export const functionOf = (text: string): FunctionName | null => byText.get(text) ?? null

const inverses: Partial<Record<FunctionName, FunctionName>> = {
  sin: "arcsin",
  cos: "arccos",
  tan: "arctan",
  cot: "arccot",
  sec: "arcsec",
  csc: "arccsc",
  sinh: "arsinh",
  cosh: "arcosh",
  tanh: "artanh",
}

/** The function that `\sin^{-1}` names, or null where the power is a reciprocal. */
export const inverseOf = (name: FunctionName): FunctionName | null => inverses[name] ?? null
