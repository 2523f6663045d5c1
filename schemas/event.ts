import { z } from "zod"

const counts = z.strictObject({
  in: z.int(),
  born: z.int(),
  out: z.int(),
  dropped: z.int(),
  failed: z.int(),
})
/** Rows of a task or stage: in + born = out + dropped + failed. */
export type Counts = z.infer<typeof counts>

const byReason = z.record(z.string(), z.record(z.string(), z.int()))
/** Drops by step and reason. */
export type DropsByReason = z.infer<typeof byReason>

const usage = z.strictObject({
  calls: z.int(),
  input: z.int(),
  output: z.int(),
  /** Answers of a shared ledger, which another run paid for. */
  reused: z.int().optional(),
})

const payload = z.discriminatedUnion("event", [
  z.strictObject({
    event: z.literal("run.started"),
    recipe: z.string(),
    version: z.string(),
    limit: z.int().nullable(),
    finish: z.boolean(),
    /** Nothing is asked: what is not settled fails. Absent in older logs. */
    offline: z.boolean().optional(),
    pid: z.int(),
    host: z.string(),
    /** Settled answers at the start, by identity. */
    settled: z.record(z.string(), usage),
    damagedRecords: z.int(),
  }),
  z.strictObject({
    event: z.literal("stage.planned"),
    stage: z.string(),
    tasks: z.int().nullable(),
    /** The stage whose rows it reads; absent for the first one. */
    input: z.string().optional(),
  }),
  z.strictObject({
    event: z.literal("task.started"),
    stage: z.string(),
    index: z.int(),
    rows: z.int().nullable(),
    /** Why it is not reused: `new`, `input changed`, `step x: params changed` ... */
    why: z.string(),
  }),
  z.strictObject({
    event: z.literal("task.done"),
    stage: z.string(),
    index: z.int(),
    reused: z.boolean(),
    counts,
    drops: byReason,
    tallies: z.record(z.string(), z.int()),
  }),
  z.strictObject({ event: z.literal("stage.done"), stage: z.string(), tasks: z.int(), reused: z.int() }),
  z.strictObject({
    event: z.literal("row.failed"),
    stage: z.string(),
    id: z.string(),
    step: z.string(),
    reason: z.string(),
    message: z.string(),
  }),
  z.strictObject({
    event: z.literal("progress"),
    /** Rows finished in the running tasks of each stage. */
    rows: z.record(z.string(), z.int()),
    endpoints: z.record(
      z.string(),
      z.strictObject({
        identity: z.string(),
        inFlight: z.int(),
        /** Requests that may be in flight at once by what the servers have shown to take. */
        window: z.int().optional(),
        waiting: z.int(),
        calls: z.int(),
        attempts: z.int(),
        input: z.int(),
        output: z.int(),
        usd: z.number().nullable(),
        paused: z.string().nullable(),
      }),
    ),
  }),
  z.strictObject({ event: z.literal("endpoint"), role: z.string(), state: z.string(), message: z.string() }),
  /** Somebody paused the run, or let it go on: paused, it asks nothing new. */
  z.strictObject({ event: z.literal("paused"), paused: z.boolean() }),
  z.strictObject({ event: z.literal("published"), folder: z.string(), rows: z.int(), files: z.int() }),
  z.strictObject({ event: z.literal("warning"), message: z.string() }),
  z.strictObject({
    event: z.literal("disk"),
    /** `low`: nothing new is begun until there is room again. */
    state: z.enum(["low", "enough"]),
    freeBytes: z.number(),
    floorBytes: z.number(),
  }),
  z.strictObject({ event: z.literal("run.stopped"), exit: z.int(), reason: z.string() }),
  z.strictObject({ event: z.literal("run.done"), rows: counts }),
])

/** What a step or the runtime says; the log adds the version of the format and the time. */
export type Happening = z.infer<typeof payload>

/** One line of a run's event log. */
export const event = z.intersection(z.object({ v: z.literal(1), at: z.iso.datetime() }), payload)
/** One event as it is read. */
export type Event = Happening & { v: 1; at: string }
