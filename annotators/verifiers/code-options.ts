import { z } from "zod"
import type { Effect, Effects } from "../../pipelines/runtime/effect.ts"
import { quickJsIdentity, runTestsInQuickJs } from "../sandbox/javascript/quickjs.ts"
import { nodeSandbox, type ProgramSandbox, pythonSandbox, type TestRunner } from "../sandbox/program-sandbox.ts"
import { SandboxError } from "../sandbox/sandbox-error.ts"
import type { RunLimits } from "../sandbox/test-run.ts"
import type { Language } from "./code-program.ts"

/** Options of the verifiers that run programs. */
export const codeOptions = z.strictObject({
  language: z
    .enum(["python", "javascript"])
    .default("python")
    .meta({ description: "Language of the program and of the tests" }),
  timeoutMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(10_000)
    .meta({ description: "Longest time for all tests of a program, or for one input", unit: "ms" }),
  memoryMb: z
    .int()
    .min(128)
    .max(65_536)
    .default(1_024)
    .meta({ description: "Most memory of a program with all its processes", unit: "MB" }),
})
export type CodeOptions = z.output<typeof codeOptions>

export const codeLimits = ({ timeoutMs, memoryMb }: CodeOptions): RunLimits => ({
  timeoutMs,
  memoryBytes: memoryMb * (1 << 20),
})

/** Where programs run, or why none can. */
export type Opened<T> = { sandbox: T } | { fault: string }

/** Opens the sandbox of a language, or says why nothing can be run. */
export async function openSandbox(language: Language): Promise<Opened<ProgramSandbox>> {
  try {
    return { sandbox: await (language === "python" ? pythonSandbox() : nodeSandbox()) }
  } catch (error) {
    return faultOf(error)
  }
}

/** Opens what runs tests in a language: its sandbox, or for JavaScript, where none can be had, QuickJS. */
export async function openTestRunner(language: Language): Promise<Opened<TestRunner>> {
  const opened = await openSandbox(language)
  if ("sandbox" in opened || language !== "javascript") return opened
  return { sandbox: { identity: quickJsIdentity, runTests: runTestsInQuickJs } }
}

/** The settled outcome, or why the program could not be run; rejects only when the run stops. */
export async function settleOutcome<T>(effect: Effect<T>, effects: Effects): Promise<{ value: T } | { fault: string }> {
  try {
    const { value } = await effects.settle(effect)
    return { value }
  } catch (error) {
    return faultOf(error)
  }
}

function faultOf(error: unknown): { fault: string } {
  if (error instanceof SandboxError) return { fault: error.message }
  throw error
}
