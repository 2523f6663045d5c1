// Our mathematics verifier beside math-verify (PyPI) on the labelled pairs: accuracy, right answers called wrong, wrong ones called right,
// and every pair on which the two disagree.
//   node test/bench/math-verify.ts [--disagreements]
// math-verify is installed once into a virtual environment in the cache folder of the user (XDG_CACHE_HOME). Without Python, or
// without a way to install the package, the comparison is skipped with the reason. Goals: at least 99.5% right, at most 0.1% of the wrong
// answers called right. Exits with 1 when one is missed.
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { math } from "../../annotators/verifiers/math.ts"
import { labelledPairs, type Pair } from "../annotators/verifiers/math-pairs/pairs.ts"

const release = "0.9.0"
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "cotyledon", `math-verify-${release}`)

/** Each line of stdin is `[reference, answer]`; each line of stdout is true, false or null where neither side can be read. */
const program = `
import json, sys
from math_verify import parse, verify
from math_verify.parser import ExprExtractionConfig, LatexExtractionConfig
configs = [LatexExtractionConfig(boxed_match_priority=0), ExprExtractionConfig()]
read = lambda text: parse("\\\\boxed{" + text + "}", configs)
for line in sys.stdin:
    try:
        reference, answer = (read(text) for text in json.loads(line))
        print(json.dumps(bool(verify(reference, answer)) if reference and answer else None), flush=True)
    except Exception:
        print("null", flush=True)
`

/** The interpreter that has math-verify, or why there is none. */
function interpreter(): { python: string } | { skipped: string } {
  const python = join(cache, "bin", "python")
  const works = () => spawnSync(python, ["-c", "import math_verify"]).status === 0
  if (existsSync(python) && works()) return { python }
  for (const [command, ...args] of [
    ["python3", "-m", "venv", cache],
    [python, "-m", "pip", "install", "--quiet", `math-verify==${release}`, "antlr4-python3-runtime==4.13.2"],
  ] as const) {
    const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" })
    if (status !== 0)
      return {
        skipped: (error?.message ?? stderr.trim().split("\n").at(-1) ?? "").slice(0, 200) || `${command} failed`,
      }
  }
  return works() ? { python } : { skipped: "math-verify cannot be imported" }
}

const pairs = [...labelledPairs().values()].flat().filter(({ verdict }) => verdict !== "unparsed")

function report(name: string, saysCorrect: (pair: Pair, index: number) => boolean) {
  const wrong = pairs.filter(({ verdict }, index) => verdict === "incorrect" && saysCorrect(pairs[index]!, index))
  const missed = pairs.filter(({ verdict }, index) => verdict === "correct" && !saysCorrect(pairs[index]!, index))
  const unequal = pairs.filter(({ verdict }) => verdict === "incorrect").length
  const accuracy = 1 - (wrong.length + missed.length) / pairs.length
  const percent = (share: number) => `${(100 * share).toFixed(2)}%`
  console.log(
    `${name.padEnd(20)} ${percent(accuracy)} right, ${missed.length} right answers called wrong (FN), ` +
      `${wrong.length} wrong answers called right (FP, ${percent(wrong.length / unequal)})`,
  )
  return { accuracy, falsePositives: wrong.length / unequal }
}

console.log(`${pairs.length} labelled pairs`)
const ours = pairs.map(
  ({ answer, reference }) =>
    math.verify({ completion: answer, reference, options: { answer: "bare" } }).verdict === "correct",
)
const { accuracy, falsePositives } = report("cotyledon", (_, index) => ours[index]!)
if (accuracy < 0.995 || falsePositives > 0.001) process.exitCode = 1

const found = interpreter()
if ("skipped" in found) console.log(`math-verify: skipped: ${found.skipped}`)
else {
  const input = pairs.map(({ reference, answer }) => JSON.stringify([reference, answer])).join("\n")
  const { stdout, status, stderr } = spawnSync(found.python, ["-c", program], {
    input: `${input}\n`,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  })
  const theirs = stdout.trimEnd().split("\n")
  if (status !== 0 || theirs.length !== pairs.length) throw new Error(`math-verify stopped: ${stderr.slice(-500)}`)
  report(`math-verify ${release}`, (_, index) => theirs[index] === "true")
  const apart = pairs.flatMap((pair, index) =>
    ours[index] === (theirs[index] === "true") ? [] : [{ pair, ours: ours[index]!, theirs: theirs[index]! }],
  )
  const alone = apart.filter(({ pair, ours }) => ours === (pair.verdict === "correct")).length
  console.log(`${apart.length} disagreements; the labels agree with cotyledon on ${alone} of them`)
  if (process.argv.includes("--disagreements"))
    for (const { pair, theirs } of apart)
      console.log(JSON.stringify({ ...pair, mathVerify: theirs === "null" ? "unread" : theirs === "true" }))
}
