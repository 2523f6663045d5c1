import { readFileSync } from "node:fs"

const pageBytes = 4096
const intervalMs = 50

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
      const children = readFileSync(`/proc/${each}/task/${each}/children`, "utf8")
      tree.push(...children.split(" ").filter(Boolean).map(Number))
    } catch {
      // Gone meanwhile.
    }
  }
  return bytes
}
