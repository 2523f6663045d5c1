import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { isAnyHeld, leaseFolder, removeFreeLeases } from "../../../pipelines/runtime/leases.ts"
import { Lock } from "../../../pipelines/runtime/lock.ts"
import { temporaryFolder } from "./folder.ts"

test("leases that nobody holds go; one that is held stays, and is found among many", async () => {
  const run = temporaryFolder()
  expect(await isAnyHeld(run)).toBe(false)
  await removeFreeLeases(run)
  const locks: Lock[] = []
  for (let index = 0; index < 100; index++) locks.push((await Lock.take(leaseFolder(run, "draft", index))) as Lock)
  for (const lock of locks.toSpliced(57, 1)) await lock.release()
  expect(await isAnyHeld(run)).toBe(true)
  await removeFreeLeases(run)
  expect(readdirSync(join(run, "leases"))).toEqual(["draft-57"])
  expect(await Lock.take(leaseFolder(run, "draft", 57))).toMatchObject({ pid: process.pid })
  await locks[57]!.release()
  expect(await isAnyHeld(run)).toBe(false)
  await removeFreeLeases(run)
  expect(existsSync(join(run, "leases"))).toBe(false)
})
