// Loss on the empty block of samples without thinking: both verifications accept it, TRL trains it in both of its forms, and a row that says
// otherwise is found.
import { describe, expect, test } from "vitest"
import { verifyHandoffs } from "../../pipelines/export/verify-handoff.ts"
import { temporaryFolder } from "../pipelines/runtime/folder.ts"
import { madeSamples, useMadeHandoff } from "./made-handoff.ts"
import { type Finding, plant, runScript, verifyHandoffPy, withoutPython, withoutTrainers } from "./trainers.ts"

const meant = madeSamples.map(({ completion }) => `${completion[0]!.content}<|im_end|>\n`)

describe.skipIf(withoutPython !== "")(
  `a handoff that trains the empty block${withoutPython}`,
  { timeout: 900_000 },
  () => {
    const made = useMadeHandoff(withoutPython !== "", { emptyThinkLoss: true })

    test("is whole to both verifications", async () => {
      expect(verifyHandoffPy(made.path)).toMatchObject({ code: 0 })
      expect((await verifyHandoffs(made.path, { rows: "all" }))[0]).toMatchObject({ whole: true, findings: [] })
    })

    test("has no row whose prompt holds the block", async () => {
      const planted = (await plant(made.path, temporaryFolder(), ["sft-block-in-prompt"])).get("sft-block-in-prompt")!
      expect(verifyHandoffPy(planted)).toMatchObject({ code: 1, text: expect.stringContaining("chat_template_kwargs") })
      const [report] = await verifyHandoffs(planted, { rows: "all" })
      expect(report!.findings).toContainEqual(
        expect.objectContaining({ what: expect.stringContaining("kwargs-mismatch") }),
      )
    })

    test.skipIf(withoutTrainers !== "")(
      `is trained by TRL and LLaMA-Factory as it is meant${withoutTrainers}`,
      async () => {
        const [trl] = await runScript<Record<string, Finding>>("trl_sft.py", ["--prepare", made.path], "trl")
        const whole = { faults: [], rows: madeSamples.length, probes: 64, status: "accepted" }
        for (const part of ["trl-sft", "trl-packed"]) {
          expect(trl![part]).toMatchObject(whole)
          expect(trl![part]!.trained_text!.toSorted()).toEqual(meant.toSorted())
        }
        const [factory] = await runScript("llamafactory_module.py", [made.path], "verl")
        expect(factory).toMatchObject({ ...whole, trained_text: meant })
      },
    )
  },
)
