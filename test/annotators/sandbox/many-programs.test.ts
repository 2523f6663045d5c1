// Many at once, stops and kills: processes stay few, and none outlives whoever started it.
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { afterAll, describe, expect, test, vi } from "vitest"
import { pythonSandbox } from "../../../annotators/sandbox/program-sandbox.ts"
import { closeSandboxes, fenced, noSandbox, stdioVerdict, testsVerdict } from "./code-verdict.ts"
import { leftProcesses, sandboxProcesses } from "./left-processes.ts"

// Programs are processes: a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const missing = await noSandbox()

describe.skipIf(missing !== null)(`many programs (skipped: ${missing})`, () => {
  afterAll(async () => {
    await closeSandboxes()
    expect(await leftProcesses()).toEqual([])
  })

  test("200 at once: each gets its own verdict, and few processes run", { timeout: 120_000 }, async () => {
    let most = 0
    let done = false
    const watch = (async () => {
      while (!done) {
        most = Math.max(most, sandboxProcesses().length)
        await pause(50)
      }
    })()
    const verdicts = await Promise.all(
      Array.from({ length: 200 }, async (_, at) => {
        const found =
          at % 4 === 3
            ? await stdioVerdict(fenced(`print(${at})`), {
                inputs: [""],
                outputs: [String(at - (at % 8 === 7 ? 1 : 0))],
              })
            : await testsVerdict(fenced(`def f(): return ${at}`), {
                tests: `assert f() == ${at % 2 === 0 ? at : at + 1}`,
              })
        return found.verdict
      }),
    )
    done = true
    await watch
    expect(verdicts).toEqual(
      Array.from({ length: 200 }, (_, at) => ((at % 4 === 3 ? at % 8 !== 7 : at % 2 === 0) ? "correct" : "incorrect")),
    )
    // Per core a candidate, a tester and a program that run, and as many that stand ready; each is three processes, and a tester forks.
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThan(60)
  })

  test("a run that stops ends what runs, and rejects with its reason", async () => {
    const sandbox = await pythonSandbox()
    const stop = new AbortController()
    const job = {
      alternatives: [["import time\ntime.sleep(600)"]],
      tests: ["assert True"],
      entryPoint: null,
      prompt: null,
    }
    const limits = { timeoutMs: 600_000, memoryBytes: 1 << 28 }
    const runs = Array.from({ length: 6 }, () => sandbox.runTests(job, limits, { signal: stop.signal }))
    const input = { alternatives: job.alternatives, input: "" }
    const programs = Array.from({ length: 2 }, () => sandbox.runProgram(input, limits, { signal: stop.signal }))
    const settled = Promise.allSettled([...runs, ...programs])
    await pause(500)
    stop.abort(new Error("stopped"))
    for (const each of await settled)
      expect(each).toMatchObject({ status: "rejected", reason: expect.objectContaining({ message: "stopped" }) })
    expect((await testsVerdict(fenced("def f(): return 1"), { tests: "assert f() == 1" })).verdict).toBe("correct")
  })

  test("what waits for its turn is given up when nothing new may start; what runs comes home", async () => {
    const sandbox = await pythonSandbox()
    const { signal } = new AbortController()
    const noMore = new AbortController()
    const job = {
      alternatives: [["import time\ntime.sleep(0.7)\ndef f(): return 1"]],
      tests: ["assert f() == 1"],
      entryPoint: "f",
      prompt: null,
    }
    const limits = { timeoutMs: 20_000, memoryBytes: 1 << 28 }
    const runs = Array.from({ length: 40 }, () => sandbox.runTests(job, limits, { signal, noMore: noMore.signal }))
    const settled = Promise.allSettled(runs)
    await pause(400)
    noMore.abort(new Error("no more"))
    const statuses = (await settled).map((each) =>
      each.status === "fulfilled" ? each.value.status : String(each.reason.message),
    )
    expect(new Set(statuses)).toEqual(new Set(["passed", "no more"]))
    expect(statuses.filter((status) => status === "passed").length).toBeLessThan(40)
  })

  test("a sandbox that is killed while it stands ready is not handed out", async () => {
    const right = () => testsVerdict(fenced("def f(): return 1"), { tests: "assert f() == 1" })
    expect((await right()).verdict).toBe("correct")
    for (let round = 0; round < 3; round++) {
      const pids = sandboxProcesses().map((each) => Number.parseInt(each, 10))
      for (const pid of pids) {
        try {
          process.kill(pid, "SIGKILL")
        } catch {
          // It went with the one before.
        }
      }
      for (let tries = 0; tries < 200 && pids.some((pid) => existsSync(`/proc/${pid}`)); tries++) await pause(50)
      const { verdict, reason } = await right()
      expect(verdict, reason ?? "").toBe("correct")
    }
  })

  test("SIGKILL of the process that verifies leaves no orphan", { timeout: 60_000 }, async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "hanging-programs.ts")], { stdio: "ignore" })
    const ended = new Promise((resolve) => child.on("exit", resolve))
    const sleeping = () => sandboxProcesses(child.pid).filter((each) => each.includes("sleep 600")).length
    for (let tries = 0; sleeping() < 2 && tries < 300; tries++) await pause(100)
    expect(sleeping()).toBe(2)
    const pids = sandboxProcesses(child.pid).map((each) => Number.parseInt(each, 10))
    expect(pids.length).toBeGreaterThan(8)
    child.kill("SIGKILL")
    await ended
    const alive = () => pids.filter((pid) => existsSync(`/proc/${pid}`))
    for (let tries = 0; alive().length > 0 && tries < 100; tries++) await pause(100)
    expect(alive()).toEqual([])
  })
})
