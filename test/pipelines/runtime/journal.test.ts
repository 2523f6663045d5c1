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
  expect(await complaintOf(journal.put(1, "x".repeat(64 << 10)))).toMatch(/^exit 1\nThe disk is full\n/)
  await journal.discard()
})
