import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { EventLog, EventReader, readEvents } from "../../../pipelines/runtime/events.ts"
import { foldEvent, foldEvents, readStatus, StatusReader } from "../../../pipelines/runtime/status.ts"
import { type Event, event } from "../../../schemas/event.ts"
import { smallDisk, temporaryFolder } from "./folder.ts"
import { runTiny } from "./tiny-recipe.ts"

const warning = (message: string) => ({ event: "warning" as const, message })
const messages = (events: Event[]) => events.map((of) => ("message" in of ? of.message : of.event))

test("what is appended is read back, as the schema says, by whoever listens and by whoever reads", async () => {
  const folder = join(temporaryFolder(), "events")
  const heard: Event[] = []
  const log = await EventLog.open(folder, (of) => heard.push(of))
  log.append(warning("a\nline \u001b[2J \ud800"))
  log.append({ event: "stage.done", stage: "draft", tasks: 2, reused: 1 })
  expect(await readEvents(folder)).toEqual(heard)
  for (const of of heard) expect(event.parse(of)).toEqual(of)
  log.close()
  log.close()
  log.append(warning("after the end"))
  expect(await readEvents(folder)).toHaveLength(2)
})

test("each process has a file of its own, private, in the order in which they came", async () => {
  const folder = join(temporaryFolder(), "events")
  const logs = await Promise.all(Array.from({ length: 5 }, () => EventLog.open(folder)))
  expect(readdirSync(folder)).toEqual(["000001.jsonl", "000002.jsonl", "000003.jsonl", "000004.jsonl", "000005.jsonl"])
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  for (const log of logs) {
    expect(statSync(log.path).mode & 0o777).toBe(0o600)
    log.append(warning(log.path))
    log.close()
  }
  expect(messages(await readEvents(folder))).toEqual(readdirSync(folder).map((name) => join(folder, name)))
})

test("a torn last line is left out, whatever byte it was torn at", async () => {
  const folder = temporaryFolder()
  const log = await EventLog.open(folder)
  log.append(warning("whole"))
  log.append(warning("torn é"))
  log.close()
  const bytes = readFileSync(log.path)
  const second = bytes.indexOf(10) + 1
  for (let end = second; end < bytes.length - 1; end++) {
    writeFileSync(log.path, bytes.subarray(0, end))
    expect(messages(await readEvents(folder))).toEqual(["whole"])
  }
  const next = await EventLog.open(folder)
  next.append(warning("next process"))
  next.close()
  expect(messages(await readEvents(folder))).toEqual(["whole", "next process"])
})

test("rubbish between events costs nothing else", async () => {
  const folder = temporaryFolder()
  const log = await EventLog.open(folder)
  log.append(warning("a"))
  appendFileSync(log.path, "rubbish\n\n")
  log.close()
  writeFileSync(join(folder, "notes.txt"), "not an event log")
  expect(messages(await readEvents(folder))).toEqual(["a"])
  expect(await readEvents(join(folder, "missing"))).toEqual([])
})

test("a full disk loses events, not the work", async ({ skip }) => {
  const disk = smallDisk(16)
  if (disk === null) return skip("this process may not mount a file system")
  const heard: Event[] = []
  const log = await EventLog.open(disk, (of) => heard.push(of))
  for (let at = 0; at < 100; at++) log.append(warning(`${at} ${"x".repeat(400)}`))
  log.close()
  expect(heard).toHaveLength(100)
  const read = await readEvents(disk)
  expect(read.length).toBeGreaterThan(5)
  expect(read.length).toBeLessThan(100)
})

describe("segments", () => {
  const limits = { bytesPerSegment: 300, segments: 3 }

  test("are bounded; a reader takes each event once and in order, however it is timed", async () => {
    const folder = temporaryFolder()
    const log = await EventLog.open(folder, { limits })
    const reader = new EventReader(folder)
    const seen: Event[] = []
    for (let at = 0; at < 200; at++) {
      log.append(warning(`${at} ${"é".repeat(at % 40)}`))
      if (at % 17 === 0) seen.push(...(await Array.fromAsync(reader.read())))
    }
    log.close()
    seen.push(...(await Array.fromAsync(reader.read())))
    expect(seen.map((of) => ("message" in of ? Number.parseInt(of.message, 10) : -1))).toEqual(
      Array.from({ length: 200 }, (_, at) => at),
    )
    expect(await readEvents(folder)).toEqual(seen)
    // Without a snapshot nothing may go.
    expect(readdirSync(folder).length).toBeGreaterThan(20)
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).size).toBeLessThan(300 + 200)
  })

  test("a line that is half written waits until it is whole", async () => {
    const folder = temporaryFolder()
    const path = join(folder, "000001.jsonl")
    const line = `${JSON.stringify({ v: 1, at: "2026-01-01T00:00:00.000Z", ...warning("été") })}\n`
    const bytes = Buffer.from(line + line)
    const reader = new EventReader(folder)
    const seen: Event[] = []
    for (let at = 0; at < bytes.length; at++) {
      appendFileSync(path, bytes.subarray(at, at + 1))
      seen.push(...(await Array.fromAsync(reader.read())))
    }
    expect(messages(seen)).toEqual(["été", "été"])
  })

  test("with a snapshot old ones go, and the status is that of all events", async () => {
    const run = temporaryFolder()
    const folder = join(run, "events")
    const all: Event[] = []
    const status = foldEvents([])
    const open = () =>
      EventLog.open(folder, {
        listener: (event) => {
          all.push(event)
          foldEvent(status, event)
        },
        snapshot: () => status,
        limits,
      })
    const started = {
      event: "run.started" as const,
      recipe: "tiny",
      version: "1",
      limit: null,
      finish: false,
      pid: 1,
      host: "h",
      settled: {},
      damagedRecords: 0,
    }
    const follower = new StatusReader(run)
    for (let round = 0; round < 3; round++) {
      const log = await open()
      log.append(started)
      for (let at = 0; at < 60 * (3 - round); at++) {
        log.append({ event: "row.failed", stage: "draft", id: `${at}`, step: "s", reason: "r", message: "m" })
        log.append({
          event: "task.done",
          stage: "draft",
          index: at,
          reused: true,
          counts: { in: 1, born: 0, out: 1, dropped: 0, failed: 0 },
          drops: {},
          tallies: {},
        })
        if (at % 13 === 0) expect({ ...(await follower.read()), state: "running" }).toEqual(status)
      }
      if (round < 2) log.append({ event: "run.stopped", exit: 1, reason: "why" })
      log.close()
      const state = round < 2 ? "stopped" : "killed"
      expect(await readStatus(run)).toEqual({ ...status, state })
      expect(await follower.read()).toEqual({ ...status, state })
    }
    expect(foldEvents(all)).toEqual(status)
    expect(readdirSync(folder).filter((name) => name.endsWith(".jsonl")).length).toBeLessThanOrEqual(3 * 6)
    expect(JSON.parse(readFileSync(join(folder, "snapshot.json"), "utf8")).covered.length).toBeLessThanOrEqual(5)
  })

  test("a damaged snapshot, or one of an earlier start, is as good as none", async () => {
    const out = temporaryFolder()
    await runTiny(out)
    const before = await readStatus(out)
    for (const snapshot of [
      "{",
      "{}",
      JSON.stringify({ format: 1, first: "000000.jsonl", covered: ["000001.jsonl"] }),
    ]) {
      writeFileSync(join(out, "events", "snapshot.json"), snapshot)
      expect(await readStatus(out)).toEqual(before)
    }
  })
})
