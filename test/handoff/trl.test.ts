// What TRL's SFT trainer prepares, from the launch configs of the handoff, over a sound handoff and over planted faults. Its training steps:
// recipes-to-trainers.test.ts.
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { madeSamples, useMadeHandoff } from "./made-handoff.ts"
import { type Finding, plant, runScript, type Seen, seenFaults, withoutTrainers } from "./trainers.ts"

describe.skipIf(withoutTrainers !== "")(`TRL${withoutTrainers}`, { timeout: 900_000 }, () => {
  const made = useMadeHandoff(withoutTrainers !== "")

  test("prepares the tokens and labels of the probes, from samples and from packed rows", async () => {
    const [finding] = await runScript<Finding & Record<string, Finding>>("trl_sft.py", ["--prepare", made.path], "trl")
    const whole = { version: "1.16.0", faults: [], rows: madeSamples.length, probes: 64, status: "accepted" }
    expect(finding!["trl-sft"]).toMatchObject(whole)
    expect(finding!["trl-packed"]).toMatchObject(whole)
    expect(finding!["trl-sft"]!.trained_text).toEqual(madeSamples.map(trainedText))
    expect(finding!["trl-packed"]!.trained_text!.toSorted()).toEqual(madeSamples.map(trainedText).toSorted())
  })

  test("what it sees of planted faults", async () => {
    const names = Object.keys({ ...seenInSamples, ...seenInPacked })
    const planted = await plant(made.path, join(made.folder, "planted"), names)
    const see = (seen: Record<string, Seen>, part: string) =>
      seenFaults(planted, Object.keys(seen), "trl_sft.py", "trl", { args: ["--prepare", `--${part}`], part })
    expect(await see(seenInSamples, "trl-sft")).toEqual(seenInSamples)
    expect(await see(seenInPacked, "trl-packed")).toEqual(seenInPacked)
  })
})

/** The completion, without the empty block of a non-thinking sample. */
function trainedText({ completion, enable_thinking }: (typeof madeSamples)[number]): string {
  const { content } = completion[0]!
  return `${enable_thinking ? content : content.slice("<think>\n\n</think>\n\n".length)}<|im_end|>\n`
}

const seenInSamples: Record<string, Seen> = {
  "sft-thinking-stripped": "departs",
  "sft-block-gone": "departs",
  "sft-null-kwargs": "raises",
  "sft-special-token": "departs",
  "sft-completions-swapped": "departs",
  "sft-row-missing": "departs",
  "trl-prompts-trained": "departs",
  "trl-cut-short": "departs",
  "template-changed": "departs",
}

const seenInPacked: Record<string, Seen> = {
  "packed-wrong-id": "departs",
  "packed-prompts-trained": "departs",
  "packed-lengths-off": "departs",
  "packed-int64": "nothing",
}
