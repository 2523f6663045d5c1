// Speed and memory of the embedded model on this machine: `node test/bench/embedded.ts`. Prints one JSON line per figure.
// Also the long form of the equality test: hundreds of distributions over the whole vocabulary, from a kept prefix and
// from scratch, compared bit for bit.
import { availableParallelism } from "node:os"
import type { Token } from "node-llama-cpp"
import { defaultModelName } from "../../annotators/endpoint/embedded/catalogue.ts"
import { batchTokens } from "../../annotators/endpoint/embedded/context-slot.ts"
import { GenerationPool } from "../../annotators/endpoint/embedded/pool.ts"
import type { Generation } from "../../annotators/endpoint/embedded/token-stream.ts"
import { getWeights } from "../../annotators/endpoint/embedded/weights.ts"

const { path: modelPath } = await getWeights(process.argv[2] ?? defaultModelName)
const never = new AbortController().signal
const report = (figure: string, values: Record<string, number>) =>
  console.log(
    JSON.stringify({
      figure,
      ...Object.fromEntries(Object.entries(values).map(([k, v]) => [k, Number(v.toPrecision(4))])),
    }),
  )
const megabytes = () => process.memoryUsage.rss() / 1e6

const cold = { temperature: 0, topP: 1, topK: 0, minP: 0, seed: 0 }
const generation = (prompt: readonly Token[], change: Partial<Generation> = {}): Generation => ({
  prompt,
  sampling: cold,
  maxTokens: 1,
  topLogprobs: null,
  grammar: null,
  ...change,
})

async function run(pool: GenerationPool, request: Generation): Promise<string> {
  const tokens = []
  for await (const token of pool.generate(request, never)) tokens.push(token)
  return JSON.stringify(tokens)
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1_000
}

const sentence = (n: number) => `Line ${n} of this list says that ${n * 7} and ${n % 13} make ${n * 7 + (n % 13)}. `
const text = (from: number, lines: number) => Array.from({ length: lines }, (_, i) => sentence(from + i)).join("")

for (const contexts of new Set([1, availableParallelism()])) {
  const before = megabytes()
  const pool = await GenerationPool.open({ modelPath, contexts, spareContexts: 0 })
  const loaded = megabytes()
  const answers = Array.from({ length: contexts }, (_, i) =>
    generation(pool.model.tokenize(sentence(i)), {
      maxTokens: 200,
      sampling: { ...cold, temperature: 1, topP: 0.95, seed: i },
    }),
  )
  await Promise.all(answers.map((request) => run(pool, { ...request, maxTokens: 20 })))
  const output = () => pool.counters().outputTokens
  const start = output()
  const generating = await seconds(() => Promise.all(answers.map((request) => run(pool, request))))
  const scored = output()
  const scoring = await seconds(() =>
    Promise.all(answers.map((request) => run(pool, { ...request, maxTokens: 60, topLogprobs: 5 }))),
  )
  report("generation, tokens per second", {
    contexts,
    plain: (scored - start) / generating,
    withLogprobs: (output() - scored) / scoring,
  })

  const shared = text(0, 24)
  const asked = Array.from({ length: 8 * contexts }, (_, i) =>
    generation(pool.model.tokenize(shared + sentence(1_000 + i))),
  )
  const other = generation(pool.model.tokenize(text(5_000, 30)))
  const wipe = () => Promise.all(Array.from({ length: contexts }, () => run(pool, other)))
  let whole = 0
  for (let i = 0; i < asked.length; i += contexts) {
    await wipe()
    whole += await seconds(() => Promise.all(asked.slice(i, i + contexts).map((request) => run(pool, request))))
  }
  await Promise.all(asked.slice(0, contexts).map((request) => run(pool, request)))
  const kept = await seconds(() => Promise.all(asked.map((request) => run(pool, request))))
  const promptTokens = asked.reduce((sum, { prompt }) => sum + prompt.length, 0)
  report("prompts, tokens per second", {
    contexts,
    tokensOfOnePrompt: promptTokens / asked.length,
    fromScratch: promptTokens / whole,
    fromKeptPrefix: promptTokens / kept,
    secondsPerCallFromScratch: (whole / asked.length) * contexts,
    secondsPerCallFromKeptPrefix: (kept / asked.length) * contexts,
  })
  report("memory, MB", {
    contexts,
    loadedOverNode: loaded - before,
    afterUse: megabytes() - before,
    whole: megabytes(),
  })
  await pool.close()
}

const fresh = await GenerationPool.open({ modelPath, contexts: 1, spareContexts: 0 })
const kept = await GenerationPool.open({ modelPath, contexts: 1, spareContexts: 0 })
const wipe = generation(fresh.model.tokenize(text(9_000, 20)))
let compared = 0
let different = 0
const places = 3
for (let i = 0; i < Number(process.argv[3] ?? 60); i++) {
  const prompt = fresh.model.tokenize(text(Math.floor(i / 6) * 100, 4 + ((i * 7) % 23)) + text(2_000 + i, 1 + (i % 3)))
  const request = generation(prompt, { maxTokens: places, topLogprobs: Number.POSITIVE_INFINITY })
  await run(fresh, wipe)
  const [one, two] = await Promise.all([run(fresh, request), run(kept, request)])
  compared += places
  if (one !== two) different++
}
report("kept prefix against scratch, whole vocabulary", {
  distributions: compared,
  different,
  batchTokens,
  reusedTokens: kept.counters().reusedTokens,
  promptTokens: kept.counters().promptTokens,
})
await Promise.all([fresh.close(), kept.close()])
