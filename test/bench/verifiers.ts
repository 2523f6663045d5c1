// Median microseconds per verdict and megabytes per second of the response filters, on one core.
//   node test/bench/verifiers.ts
// Goals: under 100 us for the median verdict (10,000 a second) and 50 ms for the worst, at least 5 MB/s for each filter. Exits with 1 when one is missed.
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { math } from "../../annotators/verifiers/math.ts"
import { multipleChoice } from "../../annotators/verifiers/multiple-choice.ts"
import type { RuleVerifier, VerifierInput } from "../../annotators/verifiers/verifier.ts"
import { repetition } from "../../filters/repetition.ts"
import { reserveSimilarity } from "../../filters/reserve-similarity.ts"
import type { Row, RowStep, Side } from "../../pipelines/runtime/step.ts"
import { responseFilterConfig } from "../../schemas/config.ts"
import { costly } from "../annotators/verifiers/math-properties/hostile.ts"

let missed = false

function report(name: string, figure: string, reached: boolean): void {
  missed ||= !reached
  console.log(`${name.padEnd(44)} ${figure}${reached ? "" : "  MISSED"}`)
}

const quantile = (sorted: readonly number[], share: number) => sorted[Math.floor((sorted.length - 1) * share)]!

function benchVerifier(name: string, verifier: RuleVerifier, inputs: readonly VerifierInput[]): void {
  for (let i = 0; i < 3_000; i++) verifier.verify(inputs[i % inputs.length]!)
  const times = inputs.map((input) => {
    const start = performance.now()
    verifier.verify(input)
    return (performance.now() - start) * 1_000
  })
  times.sort((a, b) => a - b)
  const median = quantile(times, 0.5)
  const figure = `median ${median.toFixed(1)} us, p99 ${quantile(times, 0.99).toFixed(1)} us, ${inputs.length} verdicts`
  report(name, figure, median < 100)
}

function benchFilter(name: string, step: RowStep, row: Row, side: Side): void {
  const megabytes = Buffer.byteLength(`${row.thinking ?? ""}${row.answer}`) / 1e6
  const times = Array.from({ length: 15 }, () => {
    const start = performance.now()
    step.run(row, side)
    return performance.now() - start
  }).sort((a, b) => a - b)
  const ms = quantile(times, 0.5)
  const rate = (megabytes / ms) * 1_000
  report(name, `${rate.toFixed(0)} MB/s, ${ms.toFixed(1)} ms for ${(megabytes * 1_000).toFixed(0)} KB`, rate >= 5)
}

const spellings = [
  "42",
  "1,234",
  "\\frac{3}{4}",
  "2\\frac{1}{2}",
  "50\\%",
  "\\$12.50",
  "7.2 \\times 10^6",
  "12\\text{ km}",
]
const boxed = Array.from({ length: 4_000 }, (_, i) => ({
  completion: `<think>\n${"We add 3 and 4 to get 7. ".repeat(80)}\n</think>\n\nSo \\boxed{${spellings[i % spellings.length]}}`,
  reference: ["42", "1234", "0.75", "2.5", "0.5", "12.5", "7200000", "12"][i % spellings.length],
}))
benchVerifier("math: boxed answers after 2 KB of thinking", math, boxed)
benchVerifier(
  "math: expressions",
  math,
  Array.from({ length: 4_000 }, (_, i) => ({
    completion: `\\boxed{${["(x+1)^2", "2\\sqrt{2}", "\\frac{\\pi}{2}", "(a+b)(a-b)"][i % 4]}}`,
    reference: ["x^2+2x+1", "\\sqrt{8}", "\\pi/2", "a^2-b^2"][i % 4],
  })),
)
let worst = { ms: 0, name: "" }
for (const [name, [completion, reference]] of Object.entries(costly))
  for (const input of [
    { completion, reference, options: { answer: "bare" } },
    { completion: `\\boxed{${reference}}`, reference: completion },
  ]) {
    math.verify(input)
    const before = process.cpuUsage()
    math.verify(input)
    const { user, system } = process.cpuUsage(before)
    const ms = (user + system) / 1_000
    if (ms > worst.ms) worst = { ms, name }
  }
report("math: worst of hostile answers", `${worst.ms.toFixed(1)} ms of CPU: ${worst.name}`, worst.ms < 50)
benchVerifier(
  "multiple-choice: letters and texts",
  multipleChoice,
  Array.from({ length: 4_000 }, (_, i) => ({
    completion: `${"Let us weigh the choices. ".repeat(40)}\nThe answer is ${["(B)", "C. Rome", "London", "A or B"][i % 4]}.`,
    reference: "B",
    options: { choices: ["Paris", "London", "Rome", "New York"] },
  })),
)

const data = process.env.COTYLEDON_DATA ?? "../shared/data"
const file = join(data, "questions", "gsm8k-train.jsonl")
if (existsSync(file)) {
  const rows: { question: string; solution: string; reference: string }[] = readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
  benchVerifier(
    "math: GSM8K solutions",
    math,
    rows.map(({ solution, reference }) => ({ completion: solution, reference })),
  )
  const prose = rows.map(({ solution }) => solution).join("\n\n")
  const { repetition: loops, similarity } = responseFilterConfig.parse({})
  const reserve = new Map([["reserve", rows.slice(-150).map(({ question }, i) => ({ id: `r${i}`, question }))]])
  const long = { thinking: prose.slice(0, 200_000), answer: prose.slice(200_000, 201_000) }
  const looping = { thinking: "Wait, let me check that once more. ".repeat(5_715), answer: "5" }
  const chinese = { thinking: "因此我们需要先计算小明一共有多少个苹果".repeat(3_500), answer: "5" }
  for (const [name, row] of Object.entries({ prose: long, looping, chinese })) {
    benchFilter(`repetition: ${name}`, repetition(loops), row, new Map())
    benchFilter(`reserve-similarity: ${name}`, reserveSimilarity(similarity), row, reserve)
  }
} else console.log(`skipped: no ${file}; set COTYLEDON_DATA`)

process.exitCode = missed ? 1 : 0
