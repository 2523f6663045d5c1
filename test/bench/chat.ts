// Render, tokenise and mask: encodeSample against apply_chat_template of Hugging Face transformers with its fast tokenizer, on one core each,
// on the same conversations of real texts, in turns within one run. Then the direct renderer against the Jinja template.
//   COTYLEDON_PYTHON=python3 node test/bench/chat.ts        (Python with transformers; data: COTYLEDON_DATA or ../shared/data)
// Goal: at least 20 times as many conversations a second. Exits with 1 when it is missed.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { openChatTemplate } from "../../annotators/chat/chat-template.ts"
import { encodeSample, type TrainingSample } from "../../annotators/chat/encode-sample.ts"
import { openTokenizer } from "../../annotators/chat/open-tokenizer.ts"
import { renderConversation } from "../../annotators/chat/render-conversation.ts"
import { assistantContent } from "../../annotators/chat/think-block.ts"
import { tokenizerFolder } from "../annotators/chat/python.ts"

const data = process.env.COTYLEDON_DATA ?? join(import.meta.dirname, "../../../shared/data")
if (!existsSync(data)) {
  console.error(`no data at ${data}: set COTYLEDON_DATA`)
  process.exit(2)
}
const textsOf = (file: string, column: string): string[] =>
  readFileSync(join(data, file), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => String(JSON.parse(line)[column]).trim())

const rounds = 7
const perRound = 300
const questions = textsOf("questions/gsm8k-train.jsonl", "question")
const answers = textsOf("questions/gsm8k-train.jsonl", "solution")
// Chains of thought are long: each is made of paragraphs of real documents, cut to about 6,000 characters.
const paragraphs = ["documents/stack-exchange-sample.jsonl", "documents/c4-sample.jsonl"]
  .flatMap((file) => textsOf(file, "text"))
  .flatMap((text) => text.split("\n"))
  .map((line) => line.trim())
  .filter((line) => line !== "" && !/[<|>]/.test(line))

function sampleAt(at: number): TrainingSample {
  let thinking = ""
  for (let next = at * 13; thinking.length < 6_000; next++) thinking += `${paragraphs[next % paragraphs.length]}\n`
  const thinks = at % 4 !== 0
  const history =
    at % 3 === 0
      ? [
          { role: "user", content: questions[at + 1]! },
          { role: "assistant", content: answers[at + 1]! },
        ]
      : []
  return {
    prompt: [
      { role: "system", content: "You are a careful solver." },
      ...history,
      { role: "user", content: questions[at]! },
    ],
    completion: [{ role: "assistant", content: assistantContent(thinks ? thinking.trim() : null, answers[at]!) }],
    enable_thinking: thinks,
  }
}

const tokenizer = await openTokenizer()
const python = spawn(
  process.env.COTYLEDON_PYTHON ?? "python3",
  [join(import.meta.dirname, "../fixtures/chat/time_template.py"), tokenizerFolder],
  {
    stdio: ["pipe", "pipe", "inherit"],
  },
)
const replies = createInterface({ input: python.stdout })[Symbol.asyncIterator]()

async function theirs(samples: readonly TrainingSample[]): Promise<{ seconds: number; tokens: number }> {
  const rows = samples.map(({ prompt, completion }) => ({ messages: [...prompt, ...completion] }))
  python.stdin.write(`${JSON.stringify(rows)}\n`)
  const { value } = await replies.next()
  if (value === undefined) {
    console.error("no Python with transformers: set COTYLEDON_PYTHON")
    process.exit(2)
  }
  return JSON.parse(value)
}

function ours(samples: readonly TrainingSample[]): { seconds: number; tokens: number } {
  const start = performance.now()
  let tokens = 0
  for (const sample of samples) tokens += encodeSample(sample, tokenizer).inputIds.length
  return { seconds: (performance.now() - start) / 1_000, tokens }
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!
const ratios: number[] = []
const rates: [number, number][] = []
for (let round = 0; round < rounds; round++) {
  // Every round has samples of its own, so that no cache of words is warmer than on a corpus.
  const samples = Array.from({ length: perRound }, (_, at) => sampleAt(round * perRound + at))
  const [them, us] = [await theirs(samples), ours(samples)]
  if (them.tokens !== us.tokens) throw new Error(`${us.tokens} tokens, transformers has ${them.tokens}`)
  if (round === 0) continue
  ratios.push(them.seconds / us.seconds)
  rates.push([us.tokens / us.seconds, them.tokens / them.seconds])
}
python.stdin.end()
await once(python, "exit")
const ratio = median(ratios)
const [ourRate, theirRate] = [0, 1].map((at) => median(rates.map((rate) => rate[at]!)) / 1e6)
console.log(
  `encodeSample ${ourRate!.toFixed(2)} M tokens/s, apply_chat_template ${theirRate!.toFixed(3)} M tokens/s: ` +
    `${ratio.toFixed(1)}x (${ratios.map((one) => one.toFixed(1)).join(", ")})${ratio < 20 ? "  MISSED" : ""}`,
)

const stock = await openChatTemplate()
const conversations = Array.from({ length: 1_000 }, (_, at) => {
  const { prompt, completion } = sampleAt(at)
  return { messages: [...prompt, ...completion] }
})
const timed = (render: typeof renderConversation) => {
  const start = performance.now()
  for (const conversation of conversations) render(conversation)
  return performance.now() - start
}
const renderRatios = Array.from({ length: 7 }, () => timed(stock.render) / timed(renderConversation))
console.log(`direct renderer: ${median(renderRatios).toFixed(1)}x the Jinja template`)
process.exit(ratio < 20 ? 1 : 0)
