// Peak memory of a run against its number of questions, with a stand-in for the model server:
//   npm run build && node test/bench/memory.ts 10000 100000
// The peak at 100,000 questions must be within 100 MB of that at 10,000. Prints both, the rate, and how soon the process ends
// once the run is done. Arguments that start with -- go to the run's Node: --cpu-prof.
import { measuredRun } from "./measured-run.ts"

const counts = process.argv.slice(2).filter((argument) => /^\d+$/.test(argument))
const nodeOptions = process.argv.slice(2).filter((argument) => argument.startsWith("--"))
let first: number | null = null
for (const count of counts.length > 0 ? counts.map(Number) : [10_000, 100_000]) {
  const { peakMegabytes, seconds, calls, endSeconds } = await measuredRun(count, { nodeOptions })
  first ??= peakMegabytes
  console.log(
    `${count} questions: peak ${peakMegabytes.toFixed(0)} MB (${(peakMegabytes - first).toFixed(0)} MB more than the first), ` +
      `${calls} calls in ${seconds.toFixed(1)} s, ${(calls / seconds).toFixed(0)} a second; ` +
      `ended ${endSeconds.toFixed(2)} s after it was done`,
  )
}
