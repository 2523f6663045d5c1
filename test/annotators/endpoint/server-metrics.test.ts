import { expect, test } from "vitest"
import { metricsUrl, readMetrics, worthSending } from "../../../annotators/endpoint/server-metrics.ts"

test.each([
  ["http://gpu:8000/v1", "http://gpu:8000/metrics"],
  ["http://gpu:8000/v1/", "http://gpu:8000/metrics"],
  ["https://host/team/v1", "https://host/team/metrics"],
  ["http://gpu:8000", "http://gpu:8000/metrics"],
])("the metrics of %s are at %s", (baseUrl, expected) => expect(metricsUrl(baseUrl).href).toBe(expected))

test("vLLM, with several engines", () => {
  const text = `# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="Qwen/QwQ-32B"} 120.0
vllm:num_requests_running{engine="1",model_name="Qwen/QwQ-32B"} 130.0
vllm:num_requests_waiting{engine="0",model_name="Qwen/QwQ-32B"} 40.0
vllm:num_requests_waiting{engine="1",model_name="Qwen/QwQ-32B"} 2.0
vllm:kv_cache_usage_perc{engine="0",model_name="Qwen/QwQ-32B"} 0.5
vllm:kv_cache_usage_perc{engine="1",model_name="Qwen/QwQ-32B"} 0.97
`
  expect(readMetrics(text)).toEqual({ running: 250, waiting: 42, cacheUse: 0.97 })
})

test("llama.cpp", () => {
  expect(readMetrics("llamacpp:requests_processing 4\nllamacpp:requests_deferred 0\n")).toEqual({
    running: 4,
    waiting: 0,
    cacheUse: null,
  })
})

test.each([
  "",
  "<html>",
  "vllm:num_requests_waiting NaN\n",
  'vllm:num_requests_waiting{a="b"} 3\n',
  "\u0000".repeat(1e5),
])("what says nothing is nothing (%#)", (text) => expect(readMetrics(text)).toBeNull())

test("a queue that the server cannot work on is not worth sending; a small one is", () => {
  expect(worthSending(300, { running: 200, waiting: 100, cacheUse: null })).toBe(220)
  expect(worthSending(300, { running: 200, waiting: 20, cacheUse: 0.5 })).toBeNull()
  expect(worthSending(300, { running: 200, waiting: 20, cacheUse: 0.99 })).toBe(300)
  expect(worthSending(5, { running: 900, waiting: 4_000, cacheUse: 1 })).toBe(1)
})
