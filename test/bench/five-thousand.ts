// 5,000 requests, one draft a question, 256 in flight, answers after 50 ms: what people's present tools were measured at, here with the
// whole run around it (ledger synced to disk, verification, filters, Parquet): `npm run build && node test/bench/five-thousand.ts`.
import { measuredRun } from "./measured-run.ts"

const config = {
  judging: { directAttempts: 0, labelDomains: false, criteria: [] },
  drafts: { initial: 1, maximum: 1, maxTokens: 512 },
}
for (let run = 1; run <= 3; run++) {
  const { calls, seconds, cpuSeconds, peakMegabytes } = await measuredRun(5_000, {
    delayMs: 50,
    maxInFlight: 256,
    config,
  })
  const perSecond = Math.round(calls / seconds)
  console.log(
    `run ${run}: ${calls} answers in ${seconds.toFixed(1)} s: ${perSecond}/s, ${cpuSeconds.toFixed(1)} CPU s, peak ${peakMegabytes.toFixed(0)} MB`,
  )
}
