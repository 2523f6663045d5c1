/** How busy a server says that it is, in Prometheus's text format at `/metrics`. */
export interface ServerMetrics {
  /** Requests that wait for their turn. */
  waiting: number
  /** Requests that it works on. */
  running: number
  /** Share of its key-value cache in use, 0 to 1; null where it does not say. */
  cacheUse: number | null
}

// vLLM, SGLang and llama.cpp name the same things differently; vLLM renamed the last one in 0.10.
const names = {
  waiting: ["vllm:num_requests_waiting", "sglang:num_queue_reqs", "llamacpp:requests_deferred"],
  running: ["vllm:num_requests_running", "sglang:num_running_reqs", "llamacpp:requests_processing"],
  cacheUse: [
    "vllm:kv_cache_usage_perc",
    "vllm:gpu_cache_usage_perc",
    "sglang:token_usage",
    "llamacpp:kv_cache_usage_ratio",
  ],
} as const

/** Where the metrics of a server stand: beside the versioned API, not below it. */
export function metricsUrl(baseUrl: string): URL {
  const url = new URL(baseUrl)
  url.pathname = `${url.pathname.replace(/\/+$/, "").replace(/\/v\d+$/, "")}/metrics`
  return url
}

/** Reads what is known of a server; samples of several engines add up, cache use is that of the fullest. Null where it says nothing. */
export function readMetrics(text: string): ServerMetrics | null {
  const sums = { waiting: null as number | null, running: null as number | null }
  let cacheUse: number | null = null
  for (const line of text.split("\n")) {
    const sample = /^([A-Za-z_:][\w:]*)(?:\{[^}]*\})?\s+(\S+)/.exec(line)
    if (sample === null) continue
    const [, name, written] = sample as unknown as [string, string, string]
    const value = Number(written)
    if (!Number.isFinite(value) || value < 0) continue
    if (names.waiting.some((known) => known === name)) sums.waiting = (sums.waiting ?? 0) + value
    else if (names.running.some((known) => known === name)) sums.running = (sums.running ?? 0) + value
    else if (names.cacheUse.some((known) => known === name)) cacheUse = Math.max(cacheUse ?? 0, value)
  }
  const { waiting, running } = sums
  return waiting === null || running === null ? null : { waiting, running, cacheUse }
}

/**
 * Requests in flight that are worth having by what a server says: those that it works on and a reserve of a tenth, at least 8, so that it
 * never idles between two of ours; null where more may be sent.
 */
export function worthSending(inFlight: number, { waiting, running, cacheUse }: ServerMetrics): number | null {
  const reserve = Math.max(8, running / 10)
  if (waiting > reserve) return Math.max(1, Math.floor(inFlight - (waiting - reserve)))
  return cacheUse !== null && cacheUse > 0.95 && waiting > 0 ? inFlight : null
}
