import { readdirSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { Journal } from "../../../pipelines/runtime/journal.ts"
import { complaintOf } from "../complaint.ts"
import { smallDisk, temporaryFolder } from "./folder.ts"

test("gives back in order what was put in any order, exactly", async () => {
  const folder = temporaryFolder()
  const journal = await Journal.create<unknown>(join(folder, "stages", "draft", "00000"))
  const values = [
    { big: 2n ** 64n, nan: Number.NaN, bytes: Uint8Array.of(1, 2) },
    "\ud800\u0000",
    null,
    [],
    "x".repeat(2 << 20),
  ]
  await Promise.all([3, 0, 4, 1].map((at) => journal.put(at, values[at])))
  await journal.put(2, values[2])
  await journal.put(7, "a gap before it")
  expect(await Array.fromAsync(journal.inOrder())).toEqual([...values, "a gap before it"])
  await journal.discard()
  expect(readdirSync(join(folder, "stages", "draft"))).toEqual([])
})

test("its file ends in .tmp, so that a run after a kill removes it", async () => {
  const folder = temporaryFolder()
  const journal = await Journal.create<unknown>(join(folder, "00000"))
  expect(readdirSync(folder)).toEqual([expect.stringMatching(/^00000\..+\.tmp$/)])
  await journal.discard()
})

test("a full disk is said", async ({ skip }) => {
  const disk = smallDisk(32)
  if (disk === null) return skip("this process may not mount a file system")
  const journal = await Journal.create<string>(join(disk, "00000"))
  await journal.put(0, "fits")
  await journal.put(1, "x".repeat(64 << 10))
  expect(await complaintOf(Array.fromAsync(journal.inOrder()))).toMatch(/^exit 1\nThe disk is full\n/)
  await journal.discard()
})

test("many rows of all sizes, finished far out of order", async () => {
  const journal = await Journal.create<string>(join(temporaryFolder(), "00000"))
  const rows = Array.from({ length: 500 }, (_, at) => String.fromCharCode(97 + (at % 26)).repeat((at * 7919) % 9_000))
  const order = rows.map((_, at) => (at * 211) % rows.length)
  for (const at of order) await journal.put(at, rows[at]!)
  expect(await Array.fromAsync(journal.inOrder())).toEqual(rows)
  await journal.discard()
})

test("an earlier block that the disk refused is said by a later row", async ({ skip }) => {
  const disk = smallDisk(64)
  if (disk === null) return skip("this process may not mount a file system")
  const journal = await Journal.create<string>(join(disk, "00000"))
  const puts = Array.from({ length: 8 }, (_, at) => journal.put(at, "x".repeat(200 << 10)))
  for (const end of await Promise.allSettled(puts.slice(1)))
    if (end.status === "rejected") expect(String(end.reason)).toContain("The disk is full")
  expect((await Promise.allSettled(puts)).some(({ status }) => status === "rejected")).toBe(true)
  await journal.discard()
})
