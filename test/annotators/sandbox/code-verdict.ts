// Verifies one completion with a code verifier, as tests need it: outcomes are settled in memory.
import { programPath } from "../../../annotators/sandbox/bubblewrap.ts"
import { nodeSandbox, pythonSandbox } from "../../../annotators/sandbox/program-sandbox.ts"
import { SandboxError } from "../../../annotators/sandbox/sandbox-error.ts"
import { codeStdio } from "../../../annotators/verifiers/code-stdio.ts"
import { codeTests } from "../../../annotators/verifiers/code-tests.ts"
import type { Effect, Effects, Settled } from "../../../pipelines/runtime/effect.ts"
import type { Verdict } from "../../../schemas/verdict.ts"

/** Performs each effect, and gives its value after a round trip through JSON, as the ledger does. */
export const directEffects: Effects = {
  signal: new AbortController().signal,
  async settle<T>(effect: Effect<T>): Promise<Settled<T>> {
    const { value } = await effect.perform(this.signal)
    return { id: "", value: JSON.parse(JSON.stringify(value)) as T, usage: null, replayed: false }
  },
}

export type Options = Readonly<Record<string, unknown>>

/** A completion that is nothing but a program. */
export const fenced = (program: string, language = "python") => `\`\`\`${language}\n${program}\n\`\`\``

export const testsVerdict = (completion: string, reference: unknown, options: Options = {}): Promise<Verdict> =>
  codeTests.verify({ completion, reference, options }, directEffects)

export const stdioVerdict = (completion: string, reference: unknown, options: Options = {}): Promise<Verdict> =>
  codeStdio.verify({ completion, reference, options }, directEffects)

/** Ends what stands ready in either language. */
export async function closeSandboxes(): Promise<void> {
  for (const sandbox of await Promise.all([pythonSandbox(), nodeSandbox()])) sandbox.close()
}

/** Why tests of the sandbox cannot run here, or null. */
export async function noSandbox(): Promise<string | null> {
  if (programPath("bwrap") === null) return "bubblewrap is not installed"
  try {
    await pythonSandbox()
    return null
  } catch (error) {
    if (error instanceof SandboxError) return error.message
    throw error
  }
}
