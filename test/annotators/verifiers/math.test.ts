import { describe, expect, it } from "vitest"
import { maxAnswerLength } from "../../../annotators/verifiers/answer-markers.ts"
import { maxCompletionLength } from "../../../annotators/verifiers/answer-text.ts"
import { math } from "../../../annotators/verifiers/math.ts"
import { verdict as verdictColumn } from "../../../schemas/verdict.ts"

const judge = (completion: string, reference: unknown, options?: unknown) =>
  math.verify({ completion, reference, options })
const boxed = (answer: string) => `so \\boxed{${answer}}`

type Pair = [answer: string, reference: string]

const equal: Record<string, Pair[]> = {
  signs: [
    ["-5", "-5"],
    ["−5", "-5"],
    ["+7", "7"],
    ["-0", "0"],
    ["–3", "-3"],
    ["--4", "4"],
  ],
  "leading and trailing zeros": [
    ["016", "16"],
    ["5.0", "5"],
    ["0.50", "1/2"],
    [".5", "0.5"],
    ["5.", "5"],
  ],
  "thousands separators": [
    ["1,234", "1234"],
    ["1{,}234", "1234"],
    ["1,234,567.5", "1234567.5"],
    ["1 234 567", "1234567"],
    ["1\\,234", "1234"],
    ["12 000", "12,000"],
  ],
  fractions: [
    ["1/2", "0.5"],
    ["\\frac{1}{2}", "0.5"],
    ["\\frac12", ".5"],
    ["\\dfrac{3}{4}", "3/4"],
    ["-\\frac{1}{2}", "-0.5"],
    ["\\frac{-1}{2}", "-1/2"],
    ["2/4", "1/2"],
    ["\\left(\\frac{1}{2}\\right)", "1/2"],
    ["½", "0.5"],
    ["3 / 4", "0.75"],
  ],
  "mixed numbers": [
    ["2\\frac{1}{2}", "2.5"],
    ["2 1/2", "5/2"],
    ["2½", "2.5"],
    ["-1\\frac{1}{4}", "-1.25"],
    ["3 \\dfrac{1}{3}", "10/3"],
  ],
  percent: [
    ["50\\%", "50"],
    ["50%", "0.5"],
    ["0.5", "50%"],
    ["50", "50%"],
    ["12.5 percent", "12.5%"],
    ["50% of the class", "50"],
    ["0%", "0"],
  ],
  currency: [
    ["$5", "5"],
    ["\\$1,250.00", "1250"],
    ["5 dollars", "$5"],
    ["50 cents", "$0.50"],
    ["-$3", "-3"],
    ["¥12", "12"],
    ["€5", "5 euros"],
    ["US$20", "20"],
  ],
  "scientific notation": [
    ["7.26e6", "7260000"],
    ["7.26 \\times 10^6", "7260000"],
    ["7.26*10^{6}", "7260000"],
    ["1.5E-3", "0.0015"],
    ["10^{-3}", "0.001"],
    ["3×10⁸", "300000000"],
  ],
  units: [
    ["5 km", "5"],
    ["5\\text{ km}", "5000 m"],
    ["3m", "3"],
    ["12 miles per hour", "12"],
    ["24 hours", "1 day"],
    ["20 cm^2", "20"],
    ["20\\text{ cm}^2", "20"],
    ["3/4 cup", "0.75"],
    ["2 1/2 hours", "2.5"],
    ["90^\\circ", "90"],
    ["90°", "90"],
    ["5 apples", "5 apple"],
    ["12个苹果", "12"],
    ["5千米", "5 km"],
    ["2/3 of a cup", "2/3"],
  ],
  multipliers: [
    ["3 million", "3,000,000"],
    ["1.5万", "15000"],
    ["2 hundred", "200"],
  ],
  "full width": [
    ["１２３", "123"],
    ["３．５", "3.5"],
    ["５０％", "50"],
    ["（１＋２）", "3"],
  ],
  equations: [
    ["x=5", "5"],
    ["x = 5", "x=5"],
    ["5", "x=5"],
    ["3+4=7", "7"],
  ],
  arithmetic: [
    ["2^{10}", "1024"],
    ["2^10", "1024"],
    ["(1+2)*3", "9"],
    ["-2^2", "-4"],
    ["\\sqrt{4}", "2"],
    ["\\sqrt{\\frac{9}{4}}", "3/2"],
    ["6/2*3", "9"],
  ],
  irrational: [
    ["2\\sqrt{2}", "\\sqrt{8}"],
    ["\\frac{\\sqrt{2}}{2}", "1/\\sqrt{2}"],
    ["\\pi/2", "\\frac{\\pi}{2}"],
    ["√2", "\\sqrt2"],
    ["\\sqrt[3]{2}", "2^{1/3}"],
    ["2π", "2\\pi"],
  ],
  algebra: [
    ["(x+1)^2", "x^2+2x+1"],
    ["x²", "x^2"],
    ["2ab", "2ba"],
    ["\\frac{x^2-1}{x-1}", "x+1"],
    ["1+x", "x + 1"],
    ["2\\pi r", "\\pi r \\cdot 2"],
    ["\\alpha+1", "1+\\alpha"],
  ],
  complex: [
    ["i^2", "-1"],
    ["2i+3", "3+2i"],
  ],
  words: [
    ["Yes", "yes"],
    ["\\text{Blue}", "blue"],
    ["New  York", "new york"],
    ["\\text{no solution}", "No solution"],
    ["**red**", "red"],
    ["“red”", "red"],
  ],
  "number words": [
    ["five", "5"],
    ["\\text{Twelve apples}", "12"],
  ],
  "unread notation, the same": [
    ["(1, 2)", "(1,2)"],
    ["\\{1,2\\}", "\\{ 1, 2 \\}"],
    ["3:4", "3 : 4"],
  ],
  typography: [
    ["$\\frac{1}{2}$", "1/2"],
    ["\\(5\\)", "5"],
    ["\\displaystyle 5", "5"],
    ["5\\!", "5"],
    ["\u200b5\u00a0", "5"],
  ],
}

const different: Pair[] = [
  ["5", "-5"],
  ["5", "50"],
  ["0.333", "1/3"],
  ["1.414", "\\sqrt{2}"],
  ["0.5%", "0.5"],
  ["5 km", "5 m"],
  ["5 euros", "$5"],
  ["60 minutes", "2 hours"],
  ["3", "3m"],
  ["2x", "2"],
  ["2", "2x"],
  ["x = 5", "y = 5"],
  ["A", "a"],
  ["A+b", "a+B"],
  ["red", "blue"],
  ["blue", "5"],
  ["5", "blue"],
  ["(x+1)^2", "x^2+2x+2"],
  ["2\\sqrt{2}", "\\sqrt{7}"],
  ["1e-9", "2e-9"],
  ["10000000000000001", "10000000000000000"],
  ["2 1/2", "1"],
  ["1-1/3", "1+1/3"],
  ["3 million", "3"],
  ["2 dozen", "24 x"],
  ["\\frac{1}{2}", "2"],
  ["x^2", "x^3"],
  ["12,34", "1234"],
  ["10^(10^10)", "5"],
  ["2006!", "2004!"],
  ["5 or 6", "5"],
  ["x = 5 and y = 3", "3"],
  ["5 apples and 3 pears", "5"],
  ["\\sin(x)", "x"],
  ["cos(2x)", "2cos(x)"],
  ["(1,2)", "(2,1)"],
]

describe("equivalence", () => {
  for (const [kind, pairs] of Object.entries(equal))
    for (const [answer, reference] of pairs)
      it(`${kind}: ${answer} = ${reference}`, () => {
        expect(judge(boxed(answer), reference)).toMatchObject({ verdict: "correct", reward: 1, reason: null })
      })
  for (const [answer, reference] of different)
    it(`${answer} is not ${reference}`, () => {
      expect(judge(boxed(answer), reference)).toMatchObject({ verdict: "incorrect", reward: 0 })
    })
})

describe("what cannot be decided is no 0", () => {
  const cases: [answer: string, reference: unknown, verdict: string][] = [
    ["", "5", "unparsed"],
    ["1/0", "5", "unparsed"],
    ["0^{-1}", "5", "unparsed"],
    ["Carl is the shortest", "Carl", "unparsed"],
    ["red or blue", "red", "unparsed"],
    ["5", "", "unverifiable"],
    ["5", null, "unverifiable"],
    ["5", { answer: 5 }, "unverifiable"],
    ["5", "9".repeat(maxAnswerLength + 1), "unverifiable"],
  ]
  for (const [answer, reference, verdict] of cases)
    it(`${answer} against ${JSON.stringify(reference)?.slice(0, 30)}: ${verdict}`, () => {
      const got = judge(boxed(answer), reference)
      expect(got).toMatchObject({ verdict, reward: null })
      expect(got.reason).toBeTruthy()
    })

  it("takes numbers as references", () => {
    expect(judge("5", 5).verdict).toBe("correct")
    expect(judge("5", 5n).verdict).toBe("correct")
  })
})

describe("extraction", () => {
  const found: [name: string, completion: string, extracted: string | null, reference?: string][] = [
    ["box", "first 3, then \\boxed{42}.", "42"],
    ["nested box", "\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"],
    ["escaped braces in a box", "\\boxed{\\{1,2\\}}", "\\{1,2\\}", "\\{1, 2\\}"],
    ["box within a box", "\\boxed{\\boxed{7}}", "\\boxed{7}"],
    ["last box", "\\boxed{5} or rather \\boxed{6}", "6"],
    ["blank box", "\\boxed{5} \\boxed{ }", "5"],
    ["box without braces", "\\boxed 5", "5"],
    ["framebox", "\\framebox{204}", "204"],
    ["cut box", "it is 2, \\boxed{\\frac{1}{2}", null],
    ["cut box after a whole one", "\\boxed{1} then \\boxed{2", "1"],
    ["phrase", "2+2=4. The answer is 42. I hope this helps 7 people.", "42"],
    ["phrase with a decimal", "The answer is 3.5 apples. Not 2.", "3.5 apples"],
    ["phrase with a price", "The answer is $18 and not $20.", "$18"],
    ["phrase with maths", "The final answer is $\\frac{3}{4}$.", "$\\frac{3}{4}$"],
    ["phrase before display maths", "The answer is\n\\[\n\\frac{1}{3}\n\\]", "\\[\n\\frac{1}{3}\n\\]"],
    ["heading", "**Final Answer**\n\n42\n", "42"],
    ["Answer:", "**Answer:** 12 km", "12 km"],
    ["calculation behind a phrase", "Answer: 3*4 = 12 apples in 2 boxes", "12"],
    ["sentence behind a phrase", "The answer is that she has 5 apples left.", "5"],
    ["last phrase", "The answer is 3. No: the answer is 4.", "4"],
    ["denied phrase", "The answer is not 5", null],
    ["unknown", "The answer is unknown, maybe 5.", null],
    ["答案是", "先算3+4=7，所以答案是12个。", "12个"],
    ["答案为", "答案为：3/4 。", "3/4"],
    ["答：", "3+4=7\n答：小明还剩9页没有看。", "9"],
    ["####", "3 + 4 = 7\n#### 1,200", "1,200"],
    ["#### last over a phrase before", "The first answer is 3.\n#### 7", "7"],
    ["#### heading", "#### Step 3: add\nThe result is 8", "8"],
    ["JSON", '{"answer": 7, "steps": 3}', "7"],
    ["A:", "Q: how many?\nA: 5 apples", "5 apples"],
    ["last number", "She had 3, then 8 apples.", "8"],
    ["last number with a sign", "It is -10 degrees.", "-10"],
    ["minus is no sign", "so 10 - 5", "5"],
    ["last maths", "Thus $x = \\frac{3}{4}$.", "\\frac{3}{4}"],
    ["result before further numbers", "It takes 120/24 = 5 hours to read 120 pages.", "5"],
    ["result with a later statement", "x = 5, so there are 11.", "11"],
    ["ordinals are no numbers", "He rides 6 miles on the 13th day.", "6"],
    ["prices are no maths", "It costs $5 and then $3", "$3"],
    ["spaced thousands of money", "the net is $118 000.", "$118 000"],
    ["none", "I do not know", null],
    ["empty", "", null],
    ["thinking before an answer", "<think>The answer is 5</think>The answer is 6", "6"],
    ["thinking without its opening tag", "maybe 5\n</think>\n\n7", "7"],
    ["marked answer in thinking alone", "<think>The answer is 5</think>", null],
    ["marked answer in thinking that never closes", "<think>So \\boxed{5}, or", null],
    ["turns behind the end of the answer", "It is 5.<|im_end|>\n<|im_start|>user\n7", "5"],
    ["unmarked thinking alone", "<think>5 or 6</think>", null],
    ["thinking never closed", "<think>first 5, then 6", null],
    ["words", "The capital? The answer is Paris, because it is.", "Paris", "Paris"],
    ["words alone", "Paris", "Paris", "Paris"],
    ["a short sentence is no answer in words", "Carl has left", "Carl has left", "Ben"],
    ["a sentence is no answer in words", "I could not find out what the capital is", null, "Paris"],
    ["expression", "We get\n$x^2+1$", "x^2+1", "1+x^2"],
  ]
  for (const [name, completion, extracted, reference = "5"] of found)
    it(name, () => {
      const got = judge(completion, reference)
      expect(got.extracted).toBe(extracted)
      expect(got.verdict === "unparsed").toBe(extracted === null)
    })

  it("does not look for the reference among the numbers", () => {
    expect(judge("3 and 4 and 5. The answer is 4.", "5").verdict).toBe("incorrect")
  })
})

describe("options", () => {
  it("bare takes the whole completion", () => {
    expect(judge("\\frac{1}{2}", "0.5", { answer: "bare" }).verdict).toBe("correct")
    expect(judge("The answer is 5", "5", { answer: "bare" }).verdict).toBe("unparsed")
    expect(judge("6", "5", { answer: "bare" }).verdict).toBe("incorrect")
  })
  it("decimals compares at half a unit of the last place", () => {
    expect(judge("0.333", "1/3", { decimals: 3 }).verdict).toBe("correct")
    expect(judge("0.332", "1/3", { decimals: 3 }).verdict).toBe("incorrect")
    expect(judge("1.414", "\\sqrt{2}", { decimals: 3 }).verdict).toBe("correct")
  })
  it("an unknown or malformed option is named, not ignored", () => {
    expect(judge("5", "5", { anwser: "bare" })).toMatchObject({ verdict: "unverifiable", reward: null })
    expect(judge("5", "5", { decimals: -1 }).reason).toContain("decimals")
  })
})

/** A small generator with a fixed seed (Park and Miller 1988), so that a failure repeats. */
function randomNumbers(seed: number) {
  let state = seed
  return (limit: number) => {
    state = (state * 48_271) % 2_147_483_647
    return state % limit
  }
}

describe("properties", () => {
  const grouped = (digits: string) => digits.replace(/\B(?=(\d{3})+$)/g, ",")

  it("a number equals its other spellings and differs from its neighbours", () => {
    const random = randomNumbers(7)
    for (let round = 0; round < 300; round++) {
      const value = random(10_000_000)
      const denominator = 2 + random(97)
      const digits = String(value)
      const spellings = [
        grouped(digits),
        `${digits}.00`,
        `$${grouped(digits)}`,
        `${digits} apples`,
        `0${digits}`,
        `\\text{${digits}}`,
        `${digits}\\text{ km}`,
        `\\frac{${value * denominator}}{${denominator}}`,
        `${value * denominator}/${denominator}`,
        `${digits}e0`,
        `${digits} \\times 10^0`,
        `(${digits})`,
        `x = ${digits}`,
        `${value + 3} - 3`,
        `--${digits}`,
        digits.replace(/\d/g, (d) => String.fromCharCode(0xff10 + Number(d))),
      ]
      for (const spelling of spellings) {
        expect(judge(boxed(spelling), digits), spelling).toMatchObject({ verdict: "correct" })
        for (const other of [value + 1, value * 10 + 1, -value - 1])
          expect(judge(boxed(spelling), String(other)), `${spelling} against ${other}`).toMatchObject({
            verdict: "incorrect",
          })
      }
    }
  })

  it("equality is symmetric", () => {
    for (const [answer, reference] of [...Object.values(equal).flat(), ...different]) {
      const forth = judge(boxed(answer), reference).verdict
      const back = judge(boxed(reference), answer).verdict
      // A letter right behind a number is a unit only where a number is the reference.
      if (/\d[a-z]$/.test(answer) || /\d[a-z]$/.test(reference)) continue
      expect(back, `${reference} against ${answer}`).toBe(forth)
    }
  })

  it("a polynomial equals its expansion and differs from a perturbed one", () => {
    const random = randomNumbers(11)
    for (let round = 0; round < 100; round++) {
      const [a, b, c] = [1 + random(9), 1 + random(99), 1 + random(99)]
      const product = `(${a}x+${b})(x-${c})`
      const expanded = (last: number) => `${a}x^2 + ${b - a * c}x - ${last}`.replace("+ -", "- ")
      expect(judge(boxed(product), expanded(b * c)).verdict, product).toBe("correct")
      expect(judge(boxed(product), expanded(b * c + 1)).verdict, product).toBe("incorrect")
    }
  })
})

describe("hostile text", () => {
  const many = 1_000_000
  const texts: Record<string, string> = {
    "10 MB of digits": "7".repeat(10_000_000),
    "10 MB of white space": " ".repeat(10_000_000),
    "braces 100,000 deep": `\\boxed{${"{".repeat(100_000)}5${"}".repeat(100_000)}}`,
    "boxes that never close": "\\boxed{".repeat(100_000),
    "think tags": "<think>".repeat(many),
    "lone surrogates": "\\boxed{\ud800}",
    "many lone surrogates": "\udc00".repeat(many),
    dollars: "$".repeat(many),
    "dollars and letters": "$x".repeat(many),
    backslashes: "\\".repeat(many),
    "display maths that never closes": "\\[".repeat(many),
    separators: "1,111".repeat(many),
    slashes: "1/".repeat(many),
    "phrases without an answer": "the answer is ".repeat(100_000),
    "phrases that start again": "answer to ".repeat(100_000),
    hashes: "####".repeat(many),
    "short answers": "\nA:".repeat(many),
    "a tower of powers": `\\boxed{${"9^".repeat(900)}9}`,
    "a power too large": "\\boxed{9^{9^{9^9}}}",
    "an exponent too large": "\\boxed{1e9999}",
    "deep parentheses": `\\boxed{${"(".repeat(900)}1${")".repeat(900)}}`,
    "deep fractions": `\\boxed{${"\\frac{1}{".repeat(180)}1${"}".repeat(180)}}`,
    "a long product": `\\boxed{${"(x+1)^99*".repeat(150)}1}`,
    signs: `\\boxed{${"-".repeat(2_000)}5}`,
    "nested text": `\\boxed{${"\\text{".repeat(300)}${"}".repeat(300)}}`,
    "zero-width characters": "\u200b".repeat(many),
    "control characters": "\u0000\u001b[2J\u202e6",
    "unspaced Chinese": "答".repeat(many),
  }
  for (const [name, completion] of Object.entries(texts))
    it(`${name}: a verdict that any column can hold`, () => {
      for (const reference of ["5", "x^2+1", "blue", "(1,2)"])
        for (const options of [{}, { answer: "bare" }]) {
          const got = judge(completion, reference, options)
          verdictColumn.zod.parse(got)
          expect(got.verdict).not.toBe("correct")
          expect(got.reward === null).toBe(got.verdict === "unparsed" || got.verdict === "unverifiable")
          expect(got.extracted?.isWellFormed() ?? true).toBe(true)
          expect(got.extracted?.length ?? 0).toBeLessThanOrEqual(512)
          expect(judge(reference, completion, options).verdict).not.toBe("correct")
        }
    })

  it("reads the documented end of a completion and no more", () => {
    expect(judge(`The answer is 5.${" ".repeat(maxCompletionLength)}`, "5").verdict).toBe("unparsed")
    expect(judge(`${"x ".repeat(maxCompletionLength)}The answer is 5.`, "5").verdict).toBe("correct")
    expect(judge(`<think>${"1 ".repeat(maxCompletionLength)}`, "1").verdict).toBe("unparsed")
  })

  it("reads answers up to the documented length", () => {
    const digits = "7".repeat(maxAnswerLength)
    expect(judge(boxed(digits), digits).verdict).toBe("correct")
    expect(judge(boxed(`${digits}7`), digits).verdict).toBe("unparsed")
  })
})
