// LLaMA-Factory's own dataset module, from the launch config of the handoff, over a sound handoff and over planted faults.
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { madeSamples, useMadeHandoff } from "./made-handoff.ts"
import { plant, runScript, type Seen, seenFaults, withoutTrainers } from "./trainers.ts"

describe.skipIf(withoutTrainers !== "")(`LLaMA-Factory${withoutTrainers}`, { timeout: 600_000 }, () => {
  const made = useMadeHandoff(withoutTrainers !== "")

  test("trains on what is meant: the thinking bears loss, earlier turns do not", async () => {
    const [finding] = await runScript("llamafactory_module.py", [made.path], "verl")
    expect(finding).toMatchObject({ faults: [], rows: madeSamples.length, probes: 64, status: "accepted" })
    // The empty block bears loss here; everything else of a completion as well, and nothing else.
    expect(finding!.trained_text).toEqual(madeSamples.map(({ completion }) => `${completion[0]!.content}<|im_end|>\n`))
  })

  test("what it sees of planted faults", async () => {
    const planted = await plant(made.path, join(made.folder, "planted"), Object.keys(seen))
    expect(await seenFaults(planted, Object.keys(seen), "llamafactory_module.py", "verl")).toEqual(seen)
  })
})

/** By fault. Where it raises or departs, the fault is found on the trainer's side; the others are for the manifest and the probes. */
const seen: Record<string, Seen> = {
  "messages-thinking-stripped": "departs",
  "messages-last-turn-gone": "departs",
  "messages-other-role": "departs",
  "messages-tools-json": "nothing",
  "messages-reversed": "nothing",
  "llamafactory-thinking-off": "departs",
  "llamafactory-history-trained": "departs",
  "llamafactory-other-tags": "raises",
  "tokenizer-changed": "departs",
}
