import { readdirSync, readFileSync } from "node:fs"
import { setTimeout as pause } from "node:timers/promises"

interface ProcessStatus {
  pid: number
  parent: number
  command: string
  /** Whether it lives in a process namespace below ours. */
  nested: boolean
}

function statusOf(pid: number): ProcessStatus | null {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "utf8")
    const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(text)?.[1] ?? ""
    if (field("State").startsWith("Z")) return null
    return {
      pid,
      parent: Number(field("PPid")),
      command: readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " "),
      nested: field("NSpid").trim().split(/\s+/).length > 1,
    }
  } catch {
    return null
  }
}

/** Processes of sandboxes that this process started, or that lost whoever started them: in either case they should be gone. */
export function sandboxProcesses(root = process.pid): string[] {
  const all = new Map<number, ProcessStatus>()
  for (const name of readdirSync("/proc")) {
    const status = /^\d+$/.test(name) ? statusOf(Number(name)) : null
    if (status !== null) all.set(status.pid, status)
  }
  const isOurs = (each: ProcessStatus | undefined): boolean =>
    each !== undefined && (each.parent === root || isOurs(all.get(each.parent)))
  return [...all.values()]
    .filter((each) => (each.nested || each.command.includes("bwrap")) && (isOurs(each) || each.parent === 1))
    .map(({ pid, command }) => `${pid} ${command.slice(0, 80)}`)
}

/** Those that are still there after a while: killing takes the kernel a moment. */
export async function leftProcesses(root = process.pid): Promise<string[]> {
  for (let tries = 0; tries < 50 && sandboxProcesses(root).length > 0; tries++) await pause(100)
  return sandboxProcesses(root)
}
