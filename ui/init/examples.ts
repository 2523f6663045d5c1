/**
 * Values that a written config shows where there is no default, by the last part of a key's path or by the whole path. They say
 * what such a value looks like; they are no advice. A whole path
 * with undefined keeps the example of its last part away.
 */
export const examples: Readonly<Record<string, unknown>> = {
  questions: [{ path: "questions.jsonl", columns: { question: "question", reference: "answer" } }],
  documents: [{ path: "documents/*.parquet" }],
  thinking: "runs/cold-start",
  nonThinking: [{ path: "chat/*.jsonl", columns: { prompt: "question", answer: "response" }, license: "CC-BY-4.0" }],
  size: 50_000,
  "flags.thinking": undefined,
  "flags.nonThinking": undefined,
  baseUrl: "http://localhost:8000/v1",
  "models.drafter.baseUrl": "http://localhost:8001/v1",
  model: "Qwen/Qwen3-32B",
  identity: "qwen3-32b",
  apiKeyEnv: "ENDPOINT_API_KEY",
  temperature: 0.6,
  topP: 0.95,
  requestsPerMinute: 600,
  tokensPerMinute: 1_000_000,
  price: { input: 0.1, output: 0.3, currency: "USD" },
  tokensPerSecond: 30,
  ledger: "ledger",
  "disk.minimumFreeBytes": 10_737_418_240,
  "budget.tokens": 100_000_000,
  "budget.usd": 50,
}

/** The example for a key, or undefined. */
export const exampleOf = (path: readonly string[]): unknown => {
  const whole = path.join(".")
  return examples[Object.hasOwn(examples, whole) ? whole : (path.at(-1) ?? "")]
}
