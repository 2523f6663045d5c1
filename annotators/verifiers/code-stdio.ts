import { z } from "zod"
import type { Effects } from "../../pipelines/runtime/effect.ts"
import { oneLine } from "../../pipelines/runtime/errors.ts"
import type { Verdict } from "../../schemas/verdict.ts"
import { comparable, outputDigest, type ProgramOutcome } from "../sandbox/program-run.ts"
import { codeLimits, codeOptions, openSandbox, settleOutcome } from "./code-options.ts"
import { readProgram } from "./code-program.ts"
import {
  correct,
  incorrect,
  type ProgramVerifier,
  readOptions,
  unparsed,
  unverifiable,
  type VerifierInput,
} from "./verifier.ts"

/** Longest input or output, in UTF-16 units. */
const maxTextLength = 16 << 20

const texts = z.array(z.string().max(maxTextLength)).min(1)
const reference = z
  .object({ inputs: texts, outputs: texts })
  .refine(({ inputs, outputs }) => inputs.length === outputs.length, { error: "inputs and outputs differ in number" })

/**
 * Programs from standard input to standard output. Each input is a run of its own in a sandbox of its own; the program must end with exit
 * code 0, and its output must be the expected one but for white space at the end of lines and of the whole. All inputs are run, so that the
 * share is known whatever fails; the reward is 1 when all pass.
 */
export const codeStdio: ProgramVerifier = {
  kind: "program",
  id: "code-stdio",
  version: 3,
  about: "Programs that read standard input and write standard output",
  reference: "{inputs: list of texts, outputs: as many texts}",
  options: codeOptions,
  fault(given, options) {
    const read = readOptions(codeOptions, options)
    if ("fault" in read) return read.fault
    const task = readTask(given)
    return "fault" in task ? task.fault : null
  },
  verify,
}

function readTask(given: unknown): z.output<typeof reference> | { fault: string } {
  const read = reference.safeParse(given)
  if (read.success) return read.data
  const issue = read.error.issues[0]
  return { fault: `reference${issue?.path.length ? `.${issue.path.join(".")}` : ""}: ${issue?.message ?? "not valid"}` }
}

async function verify({ completion, reference, options }: VerifierInput, effects: Effects): Promise<Verdict> {
  const read = readOptions(codeOptions, options)
  if ("fault" in read) return unverifiable(read.fault)
  const task = readTask(reference)
  if ("fault" in task) return unverifiable(task.fault)
  const { language } = read.value
  const program = readProgram(completion, { language, prompt: null, entryPoint: null })
  if (program === null) return unparsed("no code found")
  const opened = await openSandbox(language)
  if ("fault" in opened) return unverifiable(opened.fault, program.code)
  const { sandbox } = opened
  const limits = codeLimits(read.value)
  const { alternatives } = program
  const runs = await Promise.all(
    task.inputs.map((input) =>
      settleOutcome<ProgramOutcome>(
        {
          kind: "sandbox",
          identity: sandbox.identity,
          request: { language, alternatives, input, limits },
          sample: 0,
          perform: async (signal, noMore) => ({
            value: await sandbox.runProgram({ alternatives, input }, limits, { signal, noMore }),
          }),
        },
        effects,
      ),
    ),
  )
  let passed = 0
  let first: string | null = null
  for (const [at, run] of runs.entries()) {
    if ("fault" in run) return unverifiable(run.fault, program.code)
    const wrong = faultOf(run.value, task.outputs[at]!)
    if (wrong === null) passed++
    else first ??= `input ${at + 1}: ${wrong}`
  }
  if (first === null) return correct(program.code)
  return incorrect(program.code, oneLine(`${passed}/${runs.length} passed; ${first}`))
}

/** Why a run is wrong, or null. */
function faultOf({ status, detail, digest, output, errors }: ProgramOutcome, expected: string): string | null {
  if (status === "crashed") {
    // Node ends with a stack and its own version.
    const last = errors.split("\n").findLast((line) => line.trim() !== "" && !/^\s+at |^Node\.js v|^\}/.test(line))
    return last ? `${last} (${detail})` : detail
  }
  if (status !== "ended") return `${status}: ${detail}`
  if (digest === outputDigest(expected)) return null
  const got = comparable(output).split("\n")
  const wanted = comparable(expected).split("\n")
  const line = wanted.findIndex((text, at) => got[at] !== text)
  const at = line < 0 ? wanted.length : line
  return `wrong output, line ${at + 1}: expected ${shown(wanted[at])}, got ${shown(got[at])}`
}

const shown = (line: string | undefined) => (line === undefined ? "nothing" : JSON.stringify(line.slice(0, 80)))
