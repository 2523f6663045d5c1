// The whole way: a cold start against a scripted server, its samples fused with the starter set without thinking, both handed off by the
// command, and every loader reading what came out. TRL takes two SFT steps on samples, two on packed rows and one GRPO step.
import { readdirSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { beforeAll, describe, expect, test } from "vitest"
import { verifyHandoffs } from "../../pipelines/export/verify-handoff.ts"
import type { Sample } from "../../schemas/sample.ts"
import { RunningCommand } from "../faults/run-command.ts"
import { publishedRows, scene, sums } from "../faults/scene.ts"
import { startEndpoint } from "../faults/start-endpoint.ts"
import { type Finding, runScript, verifyHandoffPy, withoutTrainers } from "./trainers.ts"

type Parts = Finding & Record<string, Finding & { steps: { reward: number; loss: number }[] }>

const starter = fileURLToPath(new URL("../../pipelines/mode-fusion/starter-non-thinking.jsonl", import.meta.url))

describe.skipIf(withoutTrainers !== "")(`from recipes to trainers${withoutTrainers}`, { timeout: 900_000 }, () => {
  /** The two handoffs, and the samples of the runs that they were made from. */
  let coldStart: { path: string; samples: Sample[] }
  let fusion: { path: string; samples: Sample[] }

  beforeAll(async () => {
    const { url } = await startEndpoint({ right: 0.6 })
    const { folder, config } = await scene(url, {
      questions: sums(60),
      config: { select: { maximum: 25 }, reserve: { share: 0.05 } },
    })
    const samplesOf = async (run: string) => (await publishedRows(run, "dataset")) as unknown as Sample[]
    const handOff = async (run: string) => {
      const to = join(folder, `handoff of ${run}`)
      await finish(["handoff", join(folder, run), "--to", to, "--model", "0.6B", "--max-length", "1024"])
      return { path: join(to, readdirSync(to)[0]!), samples: await samplesOf(join(folder, run)) }
    }
    await finish(["run", config, "--out", join(folder, "cold-start")])
    coldStart = await handOff("cold-start")
    const fused = join(folder, "fusion.json")
    const thinking = join(folder, "cold-start")
    await writeFile(fused, JSON.stringify({ recipe: "mode-fusion", thinking, nonThinking: starter, size: 40 }))
    await finish(["run", fused, "--out", join(folder, "fusion")])
    fusion = await handOff("fusion")
  }, 300_000)

  test("both verifications accept both handoffs", async () => {
    expect(fusion.samples.filter(({ enable_thinking }) => !enable_thinking)).toHaveLength(16)
    for (const { path, samples } of [coldStart, fusion]) {
      const [report] = await verifyHandoffs(path)
      expect(report).toMatchObject({ whole: true, findings: [], samples: samples.length })
      expect(verifyHandoffPy(path)).toMatchObject({ code: 0 })
    }
  })

  test("datasets and pandas read every view", async () => {
    const findings = await runScript("hf_datasets.py", [coldStart.path, fusion.path], "trl")
    for (const finding of findings) expect(finding).toMatchObject({ faults: [] })
  })

  test("TRL trains on both modes, and the thinking bears loss", async () => {
    const [finding] = await runScript<Parts>("trl_sft.py", [fusion.path], "trl")
    for (const part of ["trl-sft", "trl-packed"]) {
      const { losses, trained_text, ...rest } = finding![part]!
      expect(rest).toMatchObject({ faults: [], rows: 40, probes: 40, status: "accepted" })
      expect(losses).toHaveLength(2)
      for (const loss of losses!) expect(loss).toBeGreaterThan(0)
      for (const { completion, enable_thinking } of fusion.samples)
        if (enable_thinking) expect(trained_text).toContain(`${completion[0]!.content}<|im_end|>\n`)
    }
  })

  test("TRL takes a GRPO step on the questions that the cold start left", async () => {
    const [finding] = await runScript<Parts>("trl_grpo.py", [coldStart.path], "trl")
    expect(finding).toMatchObject({ rows: expect.any(Number), steps: [{ reward: expect.any(Number) }] })
    expect(finding!.rows).toBeGreaterThan(10)
  })

  test("verl, LLaMA-Factory, Megatron and datatrove read what is meant", async () => {
    const paths = [coldStart.path, fusion.path]
    const verl = await runScript<Parts>("verl_datasets.py", ["--sft", ...paths], "verl")
    const prompts = await runScript<Parts>("verl_datasets.py", ["--rl", coldStart.path], "verl")
    const factory = await runScript("llamafactory_module.py", paths, "verl")
    const readers = await runScript<Parts>("token_readers.py", paths, "verl")
    expect(prompts[0]!.rl).toMatchObject({ faults: [] })
    for (const [at, { samples }] of [coldStart, fusion].entries()) {
      const whole = { faults: [], rows: samples.length, status: "accepted" }
      expect(verl[at]!.sft).toMatchObject(whole)
      expect(factory[at]).toMatchObject(whole)
      expect(readers[at]).toMatchObject({ megatron: { faults: [], rows: samples.length }, datatrove: { faults: [] } })
      for (const { completion } of samples.filter(({ enable_thinking }) => enable_thinking))
        for (const text of [verl[at]!.sft!.trained_text, factory[at]!.trained_text])
          expect(text).toContain(`${completion[0]!.content}<|im_end|>\n`)
    }
  })

  test("their receipts are accepted when the handoff is verified again", async () => {
    const [report] = await verifyHandoffs(fusion.path)
    // Four of trainers, and that of the verification in Python.
    expect(report).toMatchObject({ whole: true, findings: [], receipts: 5 })
  })
})

/** Runs the command to its end. */
async function finish(args: readonly string[]): Promise<void> {
  const { code, stderr } = await new RunningCommand(args).ended
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" })
}
