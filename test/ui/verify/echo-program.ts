// A verifier that runs programs, for tests of whoever runs verifiers: the program is `sleep MS` or a word, the reference `{word}`.
// Each run is written to the file that ECHO_LOG names.
import { appendFile } from "node:fs/promises"
import { setTimeout as pause } from "node:timers/promises"
import { z } from "zod"
import {
  correct,
  incorrect,
  type ProgramVerifier,
  readOptions,
  unverifiable,
} from "../../../annotators/verifiers/verifier.ts"
import type { Effect } from "../../../pipelines/runtime/effect.ts"

const options = z.strictObject({ loud: z.boolean().optional().meta({ description: "Compare in capitals" }) })
const referenceType = z.strictObject({ word: z.string() })

const echo: ProgramVerifier = {
  kind: "program",
  id: "echo",
  version: 1,
  about: "What a program says",
  reference: "{word}",
  options,
  fault: (reference) => (referenceType.safeParse(reference).success ? null : "the reference is no {word}"),
  async verify({ completion, reference, options: given }, effects) {
    if (process.env.ECHO_SANDBOX === "none") return unverifiable("no sandbox: echo was told that there is none")
    const read = readOptions(options, given)
    if ("fault" in read) return unverifiable(read.fault)
    const expected = referenceType.safeParse(reference)
    if (!expected.success) return unverifiable("the reference is no {word}")
    if (completion === "throw") throw new Error("the verifier has a fault")
    const effect: Effect<{ said: string }> = {
      kind: "sandbox",
      identity: "echo 1",
      request: { program: completion, loud: read.value.loud ?? false },
      sample: 0,
      async perform(signal) {
        if (process.env.ECHO_LOG) await appendFile(process.env.ECHO_LOG, `${completion}\n`)
        const ms = Number(/^sleep (\d+)/.exec(completion)?.[1] ?? 0)
        await pause(ms, undefined, { signal })
        return { value: { said: read.value.loud ? completion.toUpperCase() : completion } }
      },
    }
    const { said } = (await effects.settle(effect)).value
    return said === expected.data.word ? correct(said) : incorrect(said, `expected ${expected.data.word}`)
  },
}
export default echo
