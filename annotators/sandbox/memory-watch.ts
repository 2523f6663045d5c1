import { readdirSync, readFileSync } from "node:fs"

const pageBytes = 4096
const intervalMs = 25

/**
 * Calls `over` once when a process and its descendants together hold more than `limitBytes` of memory. A limit on each process alone would
 * let a program fork its way past it. Returns what ends the watch.
 */
export function watchMemory(pid: number, limitBytes: number, over: () => void): () => void {
  const timer = setInterval(() => {
    if (residentBytes(pid) <= limitBytes) return
    clearInterval(timer)
    over()
  }, intervalMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** Memory of a process tree, shared pages counted in each; 0 for one that is gone. */
export function residentBytes(pid: number): number {
  let bytes = 0
  const tree = [pid]
  for (let each = tree.pop(); each !== undefined; each = tree.pop()) {
    try {
      bytes += Number(readFileSync(`/proc/${each}/statm`, "utf8").split(" ", 2)[1]) * pageBytes
      // A child belongs to the thread that started it.
      for (const thread of readdirSync(`/proc/${each}/task`)) {
        const children = readFileSync(`/proc/${each}/task/${thread}/children`, "utf8")
        for (const child of children.split(" ")) if (child !== "") tree.push(Number(child))
      }
    } catch {
      // Gone meanwhile.
    }
  }
  return bytes
}
