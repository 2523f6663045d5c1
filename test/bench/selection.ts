// Time and memory of a selection from 100,000 and from 1,000,000 candidates: `node test/bench/selection.ts [SIZE [MAXIMUM]]`. Each size runs in
// a process of its own. Questions are of 30 words; a tenth are near-duplicates of others; domains are uneven.
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Candidates } from "../../pipelines/cold-start/candidates.ts"
import { PassAtKMeans } from "../../pipelines/cold-start/pass-at-k-means.ts"
import { type SelectionRules, selectQuestions } from "../../pipelines/cold-start/selection.ts"
import { reportLines } from "../../pipelines/cold-start/selection-report.ts"
import { selectConfig } from "../../schemas/config.ts"

/** Seconds and resident MB that a size may take. */
const goals = new Map([
  [100_000, { seconds: 15, megabytes: 250 }],
  [1_000_000, { seconds: 150, megabytes: 800 }],
])

let state = 1
const next = () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return state / 2 ** 32
}
const vocabulary = Array.from({ length: 20_000 }, (_, at) => `${(at * 7_919).toString(36)}${"aeiou"[at % 5]}`)
const word = () => vocabulary[Math.floor(next() * vocabulary.length)]!

const domains = ["mathematics", "mathematics", "mathematics", "physics", "science", "code", null]

function measure(size: number, maximum: number): void {
  const seconds = (from: number) => (performance.now() - from) / 1_000
  const candidates = new Candidates(42)
  let start = performance.now()
  let twin: string[] = []
  for (let at = 0; at < size; at++) {
    const words = at % 10 === 9 ? twin.with(Math.floor(next() * twin.length), word()) : Array.from({ length: 30 }, word)
    twin = words
    candidates.add({
      id: `question-${at}`,
      text: words.join(" "),
      domain: domains[at % domains.length]!,
      source: `source-${at % 12}`,
      language: "en",
      passRate: Math.ceil(next() * 32) / 32,
      tokens: Math.floor(200 + next() * 16_000),
      verified: 8,
      correct: 1 + Math.floor(next() * 8),
    })
  }
  const reading = seconds(start)
  start = performance.now()
  const rules: SelectionRules = {
    ...selectConfig.parse({ maximum }),
    expectedDomains: ["mathematics", "code", "logic", "science"],
    seed: 42,
  }
  const selection = selectQuestions(candidates, rules)
  const selecting = seconds(start)
  start = performance.now()
  const lines = reportLines(candidates, selection, rules, new PassAtKMeans(8))
  const reporting = seconds(start)
  const megabytes = process.resourceUsage().maxRSS / 1_024
  const goal = goals.get(size)
  const missed = goal !== undefined && (reading + selecting + reporting > goal.seconds || megabytes > goal.megabytes)
  process.stdout.write(
    `${size} candidates, ${selection.chosen.length} chosen, ${selection.duplicates.length} near-duplicates: sketching ` +
      `${reading.toFixed(1)} s, selecting ${selecting.toFixed(1)} s, report (${lines.length} lines) ${reporting.toFixed(1)} s, ` +
      `peak ${megabytes.toFixed(0)} MB${missed ? "  MISSED" : ""}\n`,
  )
  process.exitCode = missed ? 1 : 0
}

const [size, maximum] = process.argv.slice(2)
if (size !== undefined) measure(Number(size), Number(maximum ?? 4_000))
// The second run takes all: every candidate is looked at, and the index of the chosen is as large as it gets.
else
  for (const [size] of goals)
    for (const maximum of [4_000, size]) {
      const file = fileURLToPath(import.meta.url)
      const { status } = spawnSync(process.execPath, [file, String(size), String(maximum)], { stdio: "inherit" })
      if (status !== 0) process.exitCode = 1
    }
