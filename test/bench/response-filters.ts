// How fast each response filter reads long chains of thought, and all of them together: MB of UTF-8 a second on one core.
//   node test/bench/response-filters.ts [QUESTIONS.jsonl] [MEGABYTES]
// The responses are put together from worked solutions (rows {question, reference, solution}): about 20 KB of thinking each with steps, second
// thoughts, checks, LaTeX and code, in English and in Chinese. Default: ../shared/data/questions/gsm8k-train.jsonl, 16 MB.
import { readFile } from "node:fs/promises"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { responseFilters } from "../../pipelines/cold-start/recipe.ts"
import type { Row, RowStep } from "../../pipelines/runtime/step.ts"
import { coldStartConfig } from "../../schemas/config.ts"
import type { SolvedQuestion } from "./scripted-drafts.ts"

const data = fileURLToPath(new URL("../../../shared/data/questions/gsm8k-train.jsonl", import.meta.url))
const [path = data, megabytes = "16"] = process.argv.slice(2)
const lines = (await readFile(resolve(path), "utf8")).split("\n").filter(Boolean)
const solved = lines.map((line) => JSON.parse(line) as SolvedQuestion)

const asides = [
  "Wait, let me read that sentence once more before I go on with number {n}.",
  "Hmm, is that the right quantity? It is asked for after {n} of them, so I think it is.",
  "Let me write $x_{{n}} = \\frac{{n}}{7} + {m}$ and see whether that helps.",
  "Alternatively, one could count them in groups of {n}, which leaves {m} over.",
  "So far I have used {n} of the facts; the one about {m} is still open.",
  "```python\ntotal = sum(x * {n} for x in range({m}))\n```",
  "But what if the order of {n} and {m} matters? The text says nothing of the kind.",
  "我们再检查一遍第{n}步，看看有没有漏掉{m}这个条件。",
]
const chineseSteps = [
  "第{n}步，先把{m}个分成{n}组，再把剩下的加上去。",
  "也就是说，如果每天用掉{n}页，那么一共要用{m}天才能读完。",
  "等一下，{n}和{m}的差应该是多少？我重新算一遍再往下走。",
  "从另一个角度看，甲比乙多{n}，乙又比丙少{m}，所以关系是清楚的。",
  "这里需要注意单位，{n}千克换成克以后要再乘上{m}。",
  "因此面积等于长{n}乘以宽{m}，周长则不必考虑。",
  "设未知数为x，列出方程x+{n}={m}x，解出来以后代回去检验。",
]
/** Two or three of them in an order that does not come again soon. */
const chinese = (n: number) =>
  [n, n * n + 3, n * 5 + (n >> 3)]
    .map((at) =>
      chineseSteps[at % 7]!.replaceAll("{n}", String((n * 31) % 89)).replaceAll("{m}", String((n * 17) % 71)),
    )
    .join("")

/** One response of about `length` characters; every fourth is Chinese. */
function responseOf(at: number, length: number): Row {
  const { question, reference, solution } = solved[at % solved.length]!
  const parts: string[] = []
  let size = 0
  for (let n = at; size < length; n++) {
    const part =
      at % 4 === 3
        ? chinese(n)
        : `${solved[(n * 7) % solved.length]!.solution.replace(/<<[^>]*>>|\n####.*/g, "")}\n${asides[n % 7]!.replaceAll("{n}", String(n)).replaceAll("{m}", String((n * 13) % 97))}`
    parts.push(part)
    size += part.length
  }
  const isChinese = at % 4 === 3
  const worked = isChinese ? `所以最后的结果是${reference}。` : solution.replace(/<<[^>]*>>|\n####.*/g, "")
  const thinking = `${parts.join("\n")}\n${worked}`
  const answer = isChinese ? `答案是\\boxed{${reference}}。` : `${worked}\n\nThe answer is \\boxed{${reference}}.`
  const text = isChinese ? `${question} 请用中文回答。` : question
  return {
    id: `q${at}`,
    question: text,
    thinking,
    answer,
    reference,
    choices: null,
    finish: "stop",
    verdict: "correct",
  }
}

const rows: Row[] = []
let bytes = 0
for (let at = 0; bytes < Number(megabytes) * 1e6; at++) {
  const row = responseOf(at, 20_000)
  bytes += Buffer.byteLength(`${row.thinking}${row.answer}`)
  rows.push(row)
}
const reserve = solved.slice(-150).map(({ id, question }) => ({ id, question }))
const side = new Map([["reserve", reserve as unknown as Row[]]])
const config = coldStartConfig.parse({
  recipe: "cold-start",
  questions: ["none"],
  models: { judge: {}, drafter: {} },
})
const filters = responseFilters(config)

const rounds = 2
function seconds(work: () => void): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const started = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(started)
    best = Math.min(best, (user + system) / 1e6)
  }
  return best
}

console.log(
  `${rows.length} responses, ${(bytes / 1e6).toFixed(1)} MB of thinking and answers; best of ${rounds} rounds`,
)
console.log("filter               MB/s of CPU   dropped")
let total = 0
const measure = (filter: RowStep) => {
  let dropped = 0
  const spent = seconds(() => {
    dropped = 0
    for (const row of rows) if (filter.run(row, side) !== null) dropped++
  })
  total += spent
  console.log(`${filter.id.padEnd(20)} ${(bytes / 1e6 / spent).toFixed(1).padStart(11)} ${String(dropped).padStart(9)}`)
}
for (const filter of filters) measure(filter)
console.log(`${"all, one after another".padEnd(22)} ${(bytes / 1e6 / total).toFixed(1).padStart(9)}`)
