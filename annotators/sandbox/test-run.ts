// One program against one set of tests: tester and candidate in two sandboxes that know nothing of each other but calls.
import { asciiJson, frame } from "./frames.ts"
import { watchMemory } from "./memory-watch.ts"
import type { Sandbox } from "./sandbox.ts"
import { cpuLimitSignal, endText } from "./sandbox-end.ts"
import type { Tester } from "./tester.ts"

/** Limits of one run; the same in tester and candidate. */
export interface RunLimits {
  /** Wall clock of the run, in ms. */
  readonly timeoutMs: number
  /** Address space of a process, and resident memory of all processes of a sandbox, in bytes. */
  readonly memoryBytes: number
}

/** What a candidate and a tester are told. */
export interface TestJob {
  /** Ways to read the completion as a program, the best first: the first that compiles is run. Each is run text by text. */
  readonly alternatives: readonly (readonly string[])[]
  readonly tests: readonly string[]
  readonly entryPoint: string | null
  readonly prompt: string | null
}

/**
 * What became of a run. `passed` and `failed` as the tests say, `syntax`: no alternative compiles; `died`: the program's process ended;
 * `timeout`, `memory`: it was killed; `unsupported`: the tests need what cannot be had across processes; `tests-broken`: no program
 * could pass.
 */
export interface TestOutcome {
  readonly status: "passed" | "failed" | "syntax" | "died" | "timeout" | "memory" | "unsupported" | "tests-broken"
  /** Which test failed and how, in at most a few hundred characters of whatever kind. */
  readonly detail: string
}

/** Processes and threads of one sandbox. */
const maxProcesses = 32
const maxFileBytes = 64 << 20

/** The limits as a harness sets them. */
export const processLimits = ({ timeoutMs, memoryBytes }: RunLimits) => ({
  cpuSeconds: Math.ceil(timeoutMs / 1_000) + 1,
  memoryBytes,
  processes: maxProcesses,
  fileBytes: maxFileBytes,
})

/**
 * Runs a program against tests. The candidate is used up; the tester is free again, or dead. Rejects with a SandboxError when nothing can be
 * said of the program, and with the signal's reason when that aborts.
 */
export async function runTests(
  tester: Tester,
  candidate: Sandbox,
  job: TestJob,
  limits: RunLimits,
  signal: AbortSignal,
): Promise<TestOutcome> {
  const { promise: stopped, resolve: stop, reject: abandon } = Promise.withResolvers<TestOutcome>()
  const onAbort = () => abandon(signal.reason)
  signal.addEventListener("abort", onAbort, { once: true })
  const timer = setTimeout(
    () => stop({ status: "timeout", detail: `no result within ${limits.timeoutMs} ms` }),
    limits.timeoutMs,
  )
  const overMemory = () =>
    stop({ status: "memory", detail: `over ${Math.round(limits.memoryBytes / (1 << 20))} MB of memory` })
  const watches = [tester.sandbox, candidate].map(({ pid }) => watchMemory(pid!, limits.memoryBytes, overMemory))
  const link = candidate.channel(0)
  const { alternatives, ...tests } = job
  const forHarness = processLimits(limits)
  link.write(frame(asciiJson({ alternatives, limits: forHarness })))
  const { outcome, end } = tester.start({ ...tests, limits: forHarness }, link)
  try {
    signal.throwIfAborted()
    return await Promise.race([stopped, outcome.then((value) => read(value, candidate))])
  } finally {
    clearTimeout(timer)
    for (const endWatch of watches) endWatch()
    signal.removeEventListener("abort", onAbort)
    candidate.kill()
    await end()
  }
}

async function read(value: unknown, candidate: Sandbox): Promise<TestOutcome> {
  const { status, detail } = value as TestOutcome
  return status === "died" ? await death(candidate, detail) : { status, detail }
}

/** Why a candidate's side fell silent: its process ended, or it said what is no answer. */
async function death(candidate: Sandbox, detail: string): Promise<TestOutcome> {
  if (detail !== "ended") return { status: "died", detail: `the program's process sent ${detail}` }
  // Its descriptor may be closed while it runs on.
  const timer = Promise.withResolvers<null>()
  const clock = setTimeout(() => timer.resolve(null), 200)
  const end = await Promise.race([candidate.ended, timer.promise])
  clearTimeout(clock)
  if (end?.signal === cpuLimitSignal) return { status: "timeout", detail: "CPU time limit" }
  return { status: "died", detail: `the program's process ${end === null ? "closed its channel" : endText(end)}` }
}
