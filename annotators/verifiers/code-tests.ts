import { z } from "zod"
import type { Effect, Effects } from "../../pipelines/runtime/effect.ts"
import { oneLine } from "../../pipelines/runtime/errors.ts"
import type { Verdict } from "../../schemas/verdict.ts"
import type { TestOutcome } from "../sandbox/test-run.ts"
import { codeLimits, codeOptions, openTestRunner, settleOutcome } from "./code-options.ts"
import { type ProgramText, readProgram } from "./code-program.ts"
import {
  correct,
  incorrect,
  type ProgramVerifier,
  readOptions,
  unparsed,
  unverifiable,
  type VerifierInput,
} from "./verifier.ts"

/** Longest tests and prompt, in UTF-16 units. */
const maxTestLength = 1 << 20

const text = z.string().max(maxTestLength)
const reference = z.object({
  prompt: text.nullish(),
  entry_point: z
    .string()
    .regex(/^[\p{L}_$][\p{L}\p{N}_$]*$/u, "no name of a function")
    .nullish(),
  tests: z.union([text.min(1), z.array(text.min(1)).min(1)]),
})

/**
 * Code against tests: asserts, a `check(candidate)` function (HumanEval), `test_` functions, unittest classes. The tests run in a
 * sandbox of their own and call the program in another, so that the program sees the arguments of calls and nothing else; what it returns
 * is compared where it cannot reach.
 */
export const codeTests: ProgramVerifier = {
  kind: "program",
  id: "code-tests",
  version: 3,
  about: "Programs against tests: asserts, check functions, unittest classes",
  reference: "{tests: text or list of texts, entry_point?, prompt?}",
  options: codeOptions,
  fault(given, options) {
    const read = readOptions(codeOptions, options)
    if ("fault" in read) return read.fault
    const task = readTask(given)
    return "fault" in task ? task.fault : null
  },
  verify,
}

interface Task {
  readonly prompt: string | null
  readonly entryPoint: string | null
  readonly tests: readonly string[]
}

function readTask(given: unknown): Task | { fault: string } {
  const read = reference.safeParse(given)
  if (!read.success) {
    const issue = read.error.issues[0]
    return {
      fault: `reference${issue?.path.length ? `.${issue.path.join(".")}` : ""}: ${issue?.message ?? "not valid"}`,
    }
  }
  const { prompt, entry_point, tests } = read.data
  return { prompt: prompt ?? null, entryPoint: entry_point ?? null, tests: typeof tests === "string" ? [tests] : tests }
}

async function verify({ completion, reference, options }: VerifierInput, effects: Effects): Promise<Verdict> {
  const read = readOptions(codeOptions, options)
  if ("fault" in read) return unverifiable(read.fault)
  const task = readTask(reference)
  if ("fault" in task) return unverifiable(task.fault)
  const { language } = read.value
  const program = readProgram(completion, { language, ...task })
  if (program === null) return unparsed("no code found")
  const opened = await openTestRunner(language)
  if ("fault" in opened) return unverifiable(opened.fault, program.code)
  const { sandbox } = opened
  const limits = codeLimits(read.value)
  const { alternatives } = program
  const effect: Effect<TestOutcome> = {
    kind: "sandbox",
    identity: sandbox.identity,
    request: { language, alternatives, ...task, limits },
    sample: 0,
    perform: async (signal, noMore) => ({
      value: await sandbox.runTests({ alternatives, ...task }, limits, { signal, noMore }),
    }),
  }
  const settled = await settleOutcome(effect, effects)
  return "fault" in settled ? unverifiable(settled.fault, program.code) : verdictOf(settled.value, program)
}

function verdictOf({ status, detail }: TestOutcome, { code }: ProgramText): Verdict {
  const said = oneLine(detail).toWellFormed()
  switch (status) {
    case "passed":
      return correct(code)
    case "unsupported":
    case "tests-broken":
      return unverifiable(said, code)
    case "timeout":
    case "memory":
      return incorrect(code, `${status}: ${said}`)
    case "failed":
    case "syntax":
    case "died":
      return incorrect(code, said)
  }
}
