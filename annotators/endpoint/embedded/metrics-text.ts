import type { GenerationPool } from "./pool.ts"

/** What the server counts by itself: requests answered, by status. */
export type RequestsByStatus = ReadonlyMap<number, number>

/**
 * Where a server stands in Prometheus's text format: under names of its own, and how busy it is also under llama.cpp's, which
 * monitors know.
 */
export function metricsText(
  model: string,
  counters: ReturnType<GenerationPool["counters"]>,
  requests: RequestsByStatus,
): string {
  const labels = `model="${model.replaceAll(/["\\\n]/g, "_")}"`
  const lines: string[] = []
  const metric = (name: string, type: "gauge" | "counter", help: string, value: number) =>
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, `${name}{${labels}} ${value}`)
  metric("cotyledon:generations_running", "gauge", "Generations that run.", counters.running)
  metric("cotyledon:generations_waiting", "gauge", "Generations that wait for a context.", counters.waiting)
  metric("cotyledon:contexts", "gauge", "Generations that can run at once.", counters.contexts)
  metric("cotyledon:generations_total", "counter", "Generations begun.", counters.generations)
  metric("cotyledon:prompt_tokens_total", "counter", "Tokens of prompts.", counters.promptTokens)
  metric(
    "cotyledon:reused_tokens_total",
    "counter",
    "Of those, taken over from earlier prompts.",
    counters.reusedTokens,
  )
  metric("cotyledon:output_tokens_total", "counter", "Tokens generated.", counters.outputTokens)
  metric("llamacpp:requests_processing", "gauge", "Generations that run.", counters.running)
  metric("llamacpp:requests_deferred", "gauge", "Generations that wait for a context.", counters.waiting)
  lines.push("# HELP cotyledon:responses_total Responses, by status.", "# TYPE cotyledon:responses_total counter")
  for (const [status, count] of requests) lines.push(`cotyledon:responses_total{${labels},status="${status}"} ${count}`)
  return `${lines.join("\n")}\n`
}
