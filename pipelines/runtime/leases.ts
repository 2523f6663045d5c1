// The leases of a run: a lock for each task that somebody works on or worked on. A long run leaves thousands of them behind, and looking
// at each is a few calls to the file system: several are looked at at once, so that none of it keeps a finished run from ending.
import { readdir, rmdir } from "node:fs/promises"
import { join } from "node:path"
import { ownerOf, removeFree } from "./lock.ts"

const atOnce = 16

/** The folder of a task's lease. */
export const leaseFolder = (run: string, stage: string, index: number): string =>
  join(run, "leases", `${stage}-${index}`)

/** Whether any process holds a lease of the run. */
export async function isAnyHeld(run: string): Promise<boolean> {
  let held = false
  await eachLease(run, async (lease) => {
    if (!held && (await ownerOf(lease))) held = true
  })
  return held
}

/** Removes the leases that nobody holds, and their folder where none is left. Those of workers that still work stay. */
export async function removeFreeLeases(run: string): Promise<void> {
  await eachLease(run, async (lease) => {
    await removeFree(lease)
  })
  await rmdir(join(run, "leases")).catch(() => {})
}

async function eachLease(run: string, work: (lease: string) => Promise<void>): Promise<void> {
  const folder = join(run, "leases")
  const names = (await readdir(folder).catch(() => [])).values()
  const hand = async () => {
    for (const name of names) await work(join(folder, name))
  }
  await Promise.all(Array.from({ length: atOnce }, hand))
}
