// Memory and time of a ledger by the number of its answers: written by one process, then opened and asked by a fresh one. Each
// answer is about 1 kB; the numbers go up in one folder, so that what differs is the count alone.
//
//   node test/bench/ledger.ts [answers ...]
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { effectKey, Ledger, type LedgerRecord } from "../../pipelines/runtime/ledger.ts"
import { heapOptions } from "./heap-options.ts"

const answer = "word ".repeat(150)

const recordOf = (row: number): LedgerRecord => {
  const effect = { kind: "chat", identity: "bench", request: { row, prompt: "How many?" }, sample: 0 }
  const value = { thinking: null, answer, finish: "stop" }
  return { ...effect, key: effectKey(effect), value, usage: { input: 10, output: 150 }, at: "2026-01-01T00:00:00.000Z" }
}

const peakMb = () => Math.round(process.resourceUsage().maxRSS / 1_024)

async function write(folder: string, from: number, to: number) {
  const startedMs = performance.now()
  const ledger = await Ledger.open(folder, "exclusive")
  // As many at once as a busy run has.
  for (let row = from; row < to; row += 512)
    await Promise.all(Array.from({ length: Math.min(512, to - row) }, (_, at) => ledger.append(recordOf(row + at))))
  await ledger.close()
  return { perSecond: Math.round((to - from) / ((performance.now() - startedMs) / 1_000)), peakMb: peakMb() }
}

async function reopen(folder: string, count: number) {
  const startedMs = performance.now()
  const ledger = await Ledger.open(folder, "exclusive")
  const openedMs = performance.now()
  const asked = 20_000
  for (let at = 0; at < asked; at++) {
    const row = (at * 7_919) % count
    if (ledger.get(recordOf(row).key) === null) throw new Error(`row ${row} is not there`)
  }
  const lookupMs = (performance.now() - openedMs) / asked
  await ledger.close()
  return {
    openMs: Math.round(openedMs - startedMs),
    lookupMicroseconds: Math.round(lookupMs * 1_000),
    peakMb: peakMb(),
  }
}

const [, script, ...rest] = process.argv
if (rest[0] === "write" || rest[0] === "reopen") {
  const [what, folder, from, to] = rest
  const measured = what === "write" ? await write(folder!, Number(from), Number(to)) : await reopen(folder!, Number(to))
  process.stdout.write(JSON.stringify(measured))
} else {
  const folder = mkdtempSync(join(tmpdir(), "cotyledon-bench-"))
  const inOwnProcess = (...args: (string | number)[]) =>
    JSON.parse(execFileSync(process.execPath, [...heapOptions, script!, ...args.map(String)], { encoding: "utf8" }))
  try {
    let before = 0
    for (const count of rest.length > 0 ? rest.map(Number) : [100_000, 1_000_000, 2_000_000]) {
      const written = inOwnProcess("write", folder, before, count)
      const read = inOwnProcess("reopen", folder, 0, count)
      console.log(
        `${count} answers: written ${written.perSecond}/s, peak ${written.peakMb} MB; reopened in ${read.openMs} ms, ` +
          `${read.lookupMicroseconds} us a lookup, peak ${read.peakMb} MB`,
      )
      before = count
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
