// The embedded model's server is a child in a process group of its own: however its run ends, it ends too.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { describe, expect, test } from "vitest"
import { why } from "../annotators/endpoint/embedded/with-model.ts"
import { RunningCommand } from "./run-command.ts"
import { newFolder } from "./scene.ts"

/** Living processes that a process started. */
function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statOf(pid)?.parent === parent)
}

/** The parent of a living process; null for one that has ended. */
function statOf(pid: number): { parent: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    return state === "Z" ? null : { parent: Number(parent) }
  } catch {
    return null
  }
}

describe.skipIf(why !== "")(`the embedded server${why}`, { timeout: 60_000 }, () => {
  test.each([
    { how: "killed", signals: ["SIGKILL"] },
    { how: "interrupted", signals: ["SIGINT"] },
    { how: "interrupted twice", signals: ["SIGTERM", "SIGTERM"] },
  ] as const)("ends with a run that is $how", async ({ signals }) => {
    const run = join(await newFolder(), "run")
    const command = new RunningCommand(["run", "cold-start", "--out", run, "--json"])
    // The first answers came from it.
    expect(await command.until(() => /"calls":[1-9]/.test(command.stdout))).toBe(true)
    const children = childrenOf(command.pid)
    expect(children).toHaveLength(1)
    for (const [at, signal] of signals.entries()) {
      if (at > 0) await command.until(() => command.stderr.includes("once more stops at once"))
      command.kill(signal)
    }
    expect(await command.ended).toMatchObject(
      signals[0] === "SIGKILL" ? { signal: "SIGKILL" } : { code: 130, signal: null },
    )
    while (children.some((pid) => statOf(pid) !== null)) await pause(50)
  })
})
