import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { EventLog, readEvents } from "../../../pipelines/runtime/events.ts"
import { type Event, event } from "../../../schemas/event.ts"
import { smallDisk, temporaryFolder } from "./folder.ts"

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
