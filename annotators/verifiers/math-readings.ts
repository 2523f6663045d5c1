// Notation that can be read in two ways: where the usual readings differ, the others are tried.
import { type Comparison, compareValues } from "./math-equality.ts"
import { type MathValue, type Reading, readValue } from "./math-value.ts"

/** A text and its usual reading. */
export interface ReadText {
  readonly text: string
  readonly value: MathValue
}

/**
 * Compares under the usual readings, then under the others. `100,200` is a number or two, `3,14` a list or a decimal, `2e-1` a power of
 * ten or twice e less one, `3 m` three metres or a product. No reading looks at the other side's value.
 */
export function compareReadings(truth: ReadText, answer: ReadText, decimals: number | null): Comparison {
  const usual = compareValues(truth.value, answer.value, decimals)
  if (usual === "equal") return usual
  for (const [a, b] of otherPairs(truth, answer))
    if (a !== null && b !== null && compareValues(a, b, decimals) === "equal") return "equal"
  return usual
}

type Pair = readonly [truth: MathValue | null, answer: MathValue | null]

function* otherPairs(truth: ReadText, answer: ReadText): Generator<Pair> {
  if (truth.value.kind === "number" && isSeveral(answer.value)) {
    yield [truth.value, decimalComma(answer.text)]
    yield [ungrouped(truth.text), answer.value]
  } else if (isSeveral(truth.value) && answer.value.kind === "number") {
    yield [truth.value, ungrouped(answer.text)]
    yield [decimalComma(truth.text), answer.value]
  }
  if (truth.value.kind === "expression" || answer.value.kind === "expression")
    for (const [test, reread] of symbolic) {
      const [first, second] = [test.test(truth.text), test.test(answer.text)]
      if (first || second) yield [first ? reread(truth.text) : truth.value, second ? reread(answer.text) : answer.value]
    }
}

const isSeveral = ({ kind }: MathValue) => kind === "list" || kind === "tuple" || kind === "set"

/** `1,234` as a list. */
function ungrouped(text: string): MathValue | null {
  const list = readValue(text, { grouped: false })
  return list?.kind === "number" ? null : list
}

/** `3,14` as a decimal. */
function decimalComma(text: string): MathValue | null {
  const decimal = readValue(text.replace(/^([^\d,]*\d+),(\d+\D*)$/, "$1.$2"))
  return decimal?.kind === "number" ? decimal : null
}

const attached: Partial<Reading> = { attachedUnits: false }

/** Where an expression may be meant: `2e-1` with the number e, `3 m` with the symbol m. */
const symbolic: readonly (readonly [RegExp, (text: string) => MathValue | null])[] = [
  [/\d[eE][-+]?\d/, (text) => readValue(text.replace(/(\d)e([-+]?\d)/g, "$1 e $2"), attached)],
  [
    /[\d}]\s+(?:[a-zA-Z]\b\s*)+/,
    (text) =>
      readValue(
        text.replace(/([\d}])\s+(?=[a-zA-Z]\b)/g, "$1").replace(/\b([a-zA-Z])\s+(?=[a-zA-Z]\b)/g, "$1*"),
        attached,
      ),
  ],
]
