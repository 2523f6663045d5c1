import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { DiskRoom, defaultFloorBytes } from "../../../pipelines/runtime/disk-room.ts"
import type { Happening } from "../../../schemas/event.ts"
import { smallDisk, temporaryFolder } from "./folder.ts"
import { published, runTiny } from "./tiny-recipe.ts"

const mebibyte = 2 ** 20
const never = new AbortController().signal

test("the floor is 1 GiB, or 2% of a smaller disk, and none on a tiny one", () => {
  expect(defaultFloorBytes(1000 * 2 ** 30)).toBe(2 ** 30)
  expect(defaultFloorBytes(10 * 2 ** 30)).toBe(Math.floor(0.2 * 2 ** 30))
  expect(defaultFloorBytes(24 * 1024)).toBe(0)
})

test("nobody waits while there is room, nor where the watch is off or the disk cannot be measured", async () => {
  const told: Happening[] = []
  for (const [folder, floor] of [
    [temporaryFolder(), null],
    [temporaryFolder(), 1],
    [temporaryFolder(), 0],
    [join(temporaryFolder(), "missing"), 2 ** 60],
  ] as const)
    await new DiskRoom(folder, floor, (happening) => told.push(happening)).enough(never)
  expect(told).toEqual([])
})

test("who waits for room ends when the run does", async () => {
  const room = new DiskRoom(temporaryFolder(), 2 ** 60, () => {})
  const stop = new AbortController()
  const waiting = expect(room.enough(stop.signal)).rejects.toThrow("enough")
  stop.abort(new Error("enough"))
  await waiting
  room.close()
})

test("a run on a disk with little room asks nothing, says so, and goes on when there is room again", {
  timeout: 120_000,
}, async ({ skip }) => {
  const disk = smallDisk(32 * 1024)
  if (disk === null) return skip("this process may not mount a file system")
  const filler = join(disk, "filler")
  const out = join(disk, "run")
  let calls = 0
  let atLow = -1
  const said: string[] = []
  const { result } = await runTiny(
    out,
    {
      rowsInFlight: 1,
      rowsPerShard: 20,
      answer: async ({ text }) => {
        // The disk fills while the run works; the watch looks once a second.
        if (++calls === 3) writeFileSync(filler, Buffer.alloc(28 * mebibyte))
        await new Promise((resolve) => setTimeout(resolve, 400))
        return `answer to ${text}`
      },
    },
    {
      config: { seed: 1, disk: { minimumFreeBytes: 8 * mebibyte } } as { seed: number },
      onEvent: (event) => {
        if (event.event !== "disk") return
        said.push(event.state)
        if (event.state === "enough") return
        atLow = calls
        setTimeout(() => {
          expect(calls).toBe(atLow)
          rmSync(filler)
        }, 2_500)
      },
    },
  )
  expect(said).toEqual(["low", "enough"])
  expect(atLow).toBeGreaterThanOrEqual(3)
  expect(calls).toBeGreaterThan(atLow)
  const undisturbed = temporaryFolder()
  await runTiny(undisturbed, { rowsPerShard: 20 })
  expect(result!.manifest.rows.failed).toBe(0)
  expect(published(out)).toEqual(published(undisturbed))
})
