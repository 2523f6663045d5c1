// Started by root, sandboxes run as users that nobody else is: the kernel does not count root's processes against a limit, and two
// sandboxes of one user could share that count. Other users keep their own id, which the user namespace counts by itself.
import { readFileSync } from "node:fs"
import { SandboxError } from "./sandbox-error.ts"

const freed: number[] = []
let highest = 0

/** Ids of a process's sandboxes start at a place of their own, so that processes side by side do not share one. */
const slotsPerProcess = 256
const wide = { from: 1_000_000_000, processes: 1 << 22 }
// In a container with few ids mapped.
const narrow = { from: 40_000, processes: 64 }

/**
 * A user id that no other sandbox has, for as long as it is not given back; null when we are not root, or a root that is an ordinary user
 * outside. Throws a SandboxError where we are root and cannot become another user: then no limit on processes would hold.
 */
export function takeUser(): number | null {
  if (process.getuid?.() !== 0) return null
  ids ??= idsToTake()
  if (ids === "own") return null
  if (ids === "none")
    throw new SandboxError("as root without the right to become another user (CAP_SETUID, mapped ids) no sandbox holds")
  const slot = freed.pop() ?? highest++
  return ids.from + (process.pid % ids.processes) * slotsPerProcess + (slot % slotsPerProcess)
}

/** Gives back what `takeUser` gave, when none of its processes is left. */
export function giveBackUser(user: number | null): void {
  if (user !== null && typeof ids === "object" && ids !== null) freed.push((user - ids.from) % slotsPerProcess)
}

interface Ids {
  readonly from: number
  readonly processes: number
}

let ids: Ids | "own" | "none" | null = null

function idsToTake(): Ids | "own" | "none" {
  const users = idMap("uid_map")
  const groups = idMap("gid_map")
  const mapped = ({ from, processes }: Ids) =>
    [users, groups].every((ranges) =>
      ranges.some(({ inside, count }) => inside <= from && from + processes * slotsPerProcess <= inside + count),
    )
  const found = maySetIds() ? [wide, narrow].find(mapped) : undefined
  if (found !== undefined) return found
  return users.some(({ inside, outside }) => inside === 0 && outside !== 0) ? "own" : "none"
}

/** Ranges of ids of this user namespace. */
function idMap(name: string): { inside: number; outside: number; count: number }[] {
  try {
    return readFileSync(`/proc/self/${name}`, "utf8")
      .trim()
      .split("\n")
      .map((line) => {
        const [inside, outside, count] = line.trim().split(/\s+/).map(Number)
        return { inside: inside ?? 0, outside: outside ?? 0, count: count ?? 0 }
      })
  } catch {
    return []
  }
}

/** CAP_SETGID and CAP_SETUID. */
function maySetIds(): boolean {
  const held = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0"
  return ((BigInt(`0x${held}`) >> 6n) & 3n) === 3n
}
