// Started by root, sandboxes run as users that nobody else is: the kernel does not count root's processes against a limit, and two
// sandboxes of one user could share that count. Other users keep their own id, which the user namespace counts by itself.
import { readFileSync } from "node:fs"

const freed: number[] = []
let highest = 0

/** Ids of a process's sandboxes start at a place of their own, so that processes side by side do not share one. */
const slotsPerProcess = 256
const wide = { from: 1_000_000_000, processes: 1 << 22 }
// In a container with few ids mapped.
const narrow = { from: 40_000, processes: 64 }

/** A user id that no other sandbox has, for as long as it is not given back; null when we are not root. */
export function takeUser(): number | null {
  if (process.getuid?.() !== 0) return null
  const slot = freed.pop() ?? highest++
  const { from, processes } = mapsAllIds() ? wide : narrow
  return from + (process.pid % processes) * slotsPerProcess + (slot % slotsPerProcess)
}

/** Gives back what `takeUser` gave, when none of its processes is left. */
export function giveBackUser(user: number | null): void {
  if (user !== null) freed.push((user - (mapsAllIds() ? wide : narrow).from) % slotsPerProcess)
}

let allMapped: boolean | null = null

function mapsAllIds(): boolean {
  if (allMapped === null) {
    try {
      const [, , count] = readFileSync("/proc/self/uid_map", "utf8").trim().split(/\s+/)
      allMapped = Number(count) > 2 ** 31
    } catch {
      allMapped = false
    }
  }
  return allMapped
}
