// The engine for tests in JavaScript where no sandbox of processes can be had: QuickJS as WebAssembly. What runs in it has no processes, no
// files, no network and no way to get any. It lacks much that Node has: where a program fails that used such a thing, nothing is decided.
import { createRequire } from "node:module"
import { availableParallelism } from "node:os"
import { extname } from "node:path"
import { Worker } from "node:worker_threads"
import type { RunSignals } from "../program-sandbox.ts"
import { SandboxError } from "../sandbox-error.ts"
import type { RunLimits, TestJob, TestOutcome } from "../test-run.ts"
import { Turns } from "../turns.ts"

const { version } = createRequire(import.meta.url)("quickjs-emscripten/package.json") as { version: string }

/** Its time is counted in turns of its loops, so that verdicts repeat; the clock ends only what no turn ends. */
const clockFactor = 6

/** Longest wait for an engine to be ready, in ms. */
const startMs = 60_000

const turns = new Turns(availableParallelism())

/** As verdicts depend on it. */
export const quickJsIdentity = `quickjs-emscripten ${version}`

/** One program against its tests, in engines of their own. Rejects with a SandboxError when it could not be run. */
export async function runTestsInQuickJs(
  job: TestJob,
  limits: RunLimits,
  { signal, noMore }: RunSignals,
): Promise<TestOutcome> {
  await turns.take(noMore ? [signal, noMore] : [signal])
  const { promise, resolve, reject } = Promise.withResolvers<TestOutcome>()
  const thread = idle.pop() ?? startThread()
  const onAbort = () => reject(signal.reason)
  const onError = (error: unknown) => reject(new SandboxError(`QuickJS ended: ${String(error)}`, { cause: error }))
  const wallMs = limits.timeoutMs * clockFactor
  let clock = setTimeout(() => reject(new SandboxError("QuickJS was not ready in time")), startMs)
  const onMessage = (message: TestOutcome | "ready") => {
    if (message !== "ready") {
      answered = true
      return resolve(message)
    }
    clearTimeout(clock)
    clock = setTimeout(() => resolve({ status: "timeout", detail: `no end within ${wallMs} ms` }), wallMs)
  }
  signal.addEventListener("abort", onAbort, { once: true })
  let answered = false
  thread.on("message", onMessage)
  thread.once("error", onError)
  thread.ref()
  thread.postMessage({ job, limits })
  try {
    signal.throwIfAborted()
    return await promise
  } finally {
    clearTimeout(clock)
    signal.removeEventListener("abort", onAbort)
    thread.off("message", onMessage).off("error", onError)
    thread.unref()
    if (answered) idle.push(thread)
    else await thread.terminate()
    turns.end()
  }
}

const idle: Worker[] = []

function startThread(): Worker {
  const module = new URL(`./quickjs-thread${extname(import.meta.url)}`, import.meta.url)
  const thread = new Worker(module, { env: {}, stdout: true, stderr: true })
  // One that breaks while it waits is not worth a word: whoever takes it next hears of it.
  thread.on("error", () => {})
  return thread
}
