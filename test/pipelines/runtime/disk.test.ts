import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { makeFolder, temporaryName, writeFailure, writeWhole } from "../../../pipelines/runtime/disk.ts"
import { stopError } from "../../../pipelines/runtime/errors.ts"
import { complaintOf } from "../complaint.ts"
import { smallDisk, temporaryFolder } from "./folder.ts"

describe("a file that is written whole", () => {
  test("replaces what stood there, is private, and leaves nothing beside it", async () => {
    const folder = temporaryFolder()
    const path = join(folder, "manifest.json")
    await writeWhole(path, "old")
    await writeWhole(path, Buffer.from("new"))
    expect(readFileSync(path, "utf8")).toBe("new")
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(["manifest.json"])
  })

  test("stays as it was where the disk is full", async ({ skip }) => {
    const disk = smallDisk(16)
    if (disk === null) return skip("this process may not mount a file system")
    const path = join(disk, "manifest.json")
    await writeWhole(path, "old")
    expect(await complaintOf(writeWhole(path, Buffer.alloc(64 << 10)))).toMatch(/^exit 1\nThe disk is full\n/)
    expect(readFileSync(path, "utf8")).toBe("old")
  })

  test("says where it cannot be written", async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, "file"), "")
    expect(await complaintOf(writeWhole(join(folder, "file", "x"), ""))).toMatch(/^exit 1\nCannot write\n.*file\/x\n/)
    expect(await complaintOf(writeWhole(join(folder, "missing", "x"), ""))).toMatch(/^exit 1\nCannot write\n/)
  })
})

test.each([
  ["ENOSPC", "The disk is full"],
  ["EDQUOT", "The disk is full"],
  ["EFBIG", "The file-size limit is reached"],
  ["EROFS", "Cannot write"],
  ["EACCES", "Cannot write"],
  ["EIO", "Cannot write"],
])("%s reads: %s", (code, what) => {
  const failure = writeFailure("/run/x", Object.assign(new Error("message"), { code }))
  expect(failure.message.split("\n")[0]).toBe(`${what} (/run/x)`)
  expect(failure.exit).toBe(1)
  expect(failure.complaint.remedy).toMatch(/run the same command again/)
})

test("an error of ours passes through", () => {
  const ours = stopError({ what: "The budget is spent" })
  expect(writeFailure("/run/x", ours)).toBe(ours)
  expect(writeFailure("/run/x", "thrown text").message).toContain("thrown text")
})

test("temporary names are beside the file, end in .tmp and do not meet", () => {
  const names = Array.from({ length: 1_000 }, () => temporaryName("/run/a.parquet"))
  expect(new Set(names).size).toBe(1_000)
  for (const name of names) expect(name).toMatch(/^\/run\/a\.parquet\.[a-z0-9]+-[a-z0-9]+\.tmp$/)
})

test("a folder and those above it are made, also by several at once", async () => {
  const path = join(temporaryFolder(), "a/b/c")
  await Promise.all([makeFolder(path), makeFolder(path), makeFolder(join(path, "d"))])
  await makeFolder(path)
  expect(readdirSync(path)).toEqual(["d"])
})

test("a file where a folder is needed, or above it, is named as such", async () => {
  const file = join(temporaryFolder(), "file")
  writeFileSync(file, "")
  expect(await complaintOf(makeFolder(file))).toMatch(/^exit 2\nA file stands where a folder is needed/)
  expect(await complaintOf(makeFolder(join(file, "a/b")))).toMatch(/^exit 2\nA file stands where a folder is needed/)
})

test.skipIf(!existsSync("/proc/self"))("a file system that takes no new folders is an error at once", async () => {
  expect(await complaintOf(makeFolder("/proc/cotyledon/a"))).toMatch(/^exit 1\nCannot write\n/)
})
