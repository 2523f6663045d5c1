// verl's own datasets, from the launch configs of the handoff, over a sound handoff and over planted faults.
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { madeSamples, useMadeHandoff } from "./made-handoff.ts"
import { type Finding, plant, runScript, type Seen, seenFaults, withoutTrainers } from "./trainers.ts"

interface Datasets extends Finding {
  sft: Finding
  rl: Finding & { prompts: { role: string; content: string }[][]; ground_truths: string[]; indices: number[] }
}

describe.skipIf(withoutTrainers !== "")(`verl${withoutTrainers}`, { timeout: 600_000 }, () => {
  const made = useMadeHandoff(withoutTrainers !== "")

  test("MultiTurnSFTDataset and RLHFDataset read what is meant", async () => {
    const [{ sft, rl } = {} as Datasets] = await runScript<Datasets>("verl_datasets.py", [made.path], "verl")
    expect(sft).toMatchObject({
      version: "0.9.1",
      faults: [],
      rows: madeSamples.length,
      probes: 64,
      status: "accepted",
    })
    // It trains every assistant turn: the history's and the whole completion.
    const turns = madeSamples.map(({ prompt, completion }) => [...prompt, ...completion].filter(isAssistant))
    expect(sft.trained_text).toEqual(turns.map((of) => of.map(({ content }) => `${content}<|im_end|>\n`).join("")))
    expect(rl).toMatchObject({ faults: [], rows: 12, indices: Array.from({ length: 12 }, (_, at) => at) })
    expect(rl.ground_truths[3]).toBe("121")
    expect(rl.prompts[3]).toEqual([{ role: "user", content: "What is question-3 times two?" }])
  })

  test("what it sees of planted faults", async () => {
    const names = Object.keys({ ...seenBySft, ...seenByRl })
    const planted = await plant(made.path, join(made.folder, "planted"), names)
    const see = (seen: Record<string, Seen>, part: string) =>
      seenFaults(planted, Object.keys(seen), "verl_datasets.py", "verl", { args: [`--${part}`], part })
    expect(await see(seenBySft, "sft")).toEqual(seenBySft)
    expect(await see(seenByRl, "rl")).toEqual(seenByRl)
  })
})

const isAssistant = ({ role }: { role: string }) => role === "assistant"

const seenBySft: Record<string, Seen> = {
  "messages-thinking-stripped": "departs",
  "messages-last-turn-gone": "departs",
  "messages-other-role": "departs",
  "messages-tools-null": "raises",
  "messages-tools-json": "raises",
  "messages-reversed": "nothing",
  "verl-stock-template": "raises",
  "tokenizer-changed": "departs",
}

const seenByRl: Record<string, Seen> = {
  "rl-leaked-answer": "nothing",
  "rl-solution-turn": "nothing",
  "rl-null-reward-model": "raises",
  "rl-prompt-as-text": "nothing",
  "rl-no-data-source": "raises",
  "rl-no-verifier": "nothing",
  "rl-row-missing": "departs",
}
