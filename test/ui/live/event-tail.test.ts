import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { mkdtemp } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeEach, expect, test } from "vitest"
import { EventTail } from "../../../ui/live/event-tail.ts"

let run: string
const made: string[] = []

beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), "cotyledon-tail-"))
  made.push(run)
  mkdirSync(join(run, "events"))
})
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true })
})

const path = (name: string) => join(run, "events", `${name}.jsonl`)
const line = (message: string) =>
  `${JSON.stringify({ v: 1, at: "2026-01-01T00:00:00.000Z", event: "warning", message })}\n`
const messages = async (tail: EventTail) =>
  (await Array.fromAsync(tail.read())).map((event) => (event.event === "warning" ? event.message : event.event))

test("each read gives what is new, a line once it is whole, from all files in order", async () => {
  const tail = new EventTail(run)
  expect(await messages(tail)).toEqual([])
  writeFileSync(path("000002"), line("c"))
  writeFileSync(path("000001"), line("a") + line("b").slice(0, 30))
  expect(await messages(tail)).toEqual(["a", "c"])
  appendFileSync(path("000001"), line("b").slice(30))
  expect(await messages(tail)).toEqual(["b"])
  expect(await messages(tail)).toEqual([])
})

test("characters that are cut in their middle, garbage and endless lines do no harm", async () => {
  const tail = new EventTail(run)
  const bytes = Buffer.from(line("数学 😀"))
  writeFileSync(path("000001"), bytes.subarray(0, 75))
  expect(await messages(tail)).toEqual([])
  appendFileSync(path("000001"), bytes.subarray(75))
  expect(await messages(tail)).toEqual(["数学 😀"])
  appendFileSync(path("000001"), 'garbage\nnull\n[1]\n{"event":1}\n')
  appendFileSync(path("000001"), Buffer.alloc(18 << 20, "x"))
  expect(await messages(tail)).toEqual([])
  appendFileSync(path("000001"), `still the same line\n${line("after")}`)
  expect(await messages(tail)).toEqual(["after"])
})

test("of many files each is read in the end", async () => {
  for (let at = 1; at <= 100; at++) writeFileSync(path(String(at).padStart(6, "0")), line(`${at}`))
  const tail = new EventTail(run)
  expect(await messages(tail)).toHaveLength(100)
  appendFileSync(path("000003"), line("late"))
  const found: string[] = []
  for (let at = 0; at < 5; at++) found.push(...(await messages(tail)))
  expect(found).toEqual(["late"])
})
