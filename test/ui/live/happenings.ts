// Events of a run as tests of the live view make them up.
import type { Event, Happening } from "../../../schemas/event.ts"

export const at = (seconds: number, happening: Happening): Event => ({
  v: 1,
  at: new Date(seconds * 1_000).toISOString(),
  ...happening,
})

export const started: Happening = {
  event: "run.started",
  recipe: "tiny",
  version: "0",
  limit: null,
  finish: false,
  pid: 1,
  host: "h",
  settled: { m: { calls: 4, input: 1_000_000, output: 100_000 } },
  damagedRecords: 0,
}

const endpoint = {
  identity: "m",
  inFlight: 12,
  window: 64,
  waiting: 3,
  calls: 0,
  attempts: 0,
  input: 0,
  output: 0,
  usd: 0,
  paused: null,
}

export const done = (stage: string, rows: number, out: number, drops = {}): Happening => ({
  event: "task.done",
  stage,
  index: 0,
  reused: false,
  counts: { in: rows, born: 0, out, dropped: rows - out, failed: 0 },
  drops,
  tallies: {},
})

export const progress = (rows: Record<string, number>, calls: number, output: number): Happening => ({
  event: "progress",
  rows,
  endpoints: { drafter: { ...endpoint, calls, output, usd: output / 1e5 } },
})
