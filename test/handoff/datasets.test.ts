// datasets and pandas over every Parquet view of a handoff, sound and with planted faults.
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { sample } from "../../schemas/sample.ts"
import { madeSamples, useMadeHandoff } from "./made-handoff.ts"
import { type Finding, plant, runScript, type Seen, seenFaults, withoutTrainers } from "./trainers.ts"

interface Views extends Finding {
  views: Record<string, { rows: number; columns: string[] }>
}

describe.skipIf(withoutTrainers !== "")(`datasets and pandas${withoutTrainers}`, { timeout: 600_000 }, () => {
  const made = useMadeHandoff(withoutTrainers !== "")

  test("read every view, file by file, at once and concatenated", async () => {
    const [finding] = await runScript<Views>("hf_datasets.py", [made.path], "trl")
    expect(finding).toMatchObject({
      version: "5.2.0",
      faults: [],
      views: {
        sft: { rows: madeSamples.length, columns: [...Object.keys(sample.columns), "tools"] },
        messages: { rows: madeSamples.length, columns: ["id", "messages", "enable_thinking"] },
        packed: { columns: ["input_ids", "labels", "seq_lengths"] },
        rl: { rows: 12 },
      },
    })
  })

  test("what they see of planted faults", async () => {
    const planted = await plant(made.path, join(made.folder, "planted"), Object.keys(seen))
    expect(await seenFaults(planted, Object.keys(seen), "hf_datasets.py", "trl")).toEqual(seen)
  })
})

/** By fault; `departs` also where a view cannot be loaded. Rows are held against the manifest's hash of the rows. */
const seen: Record<string, Seen> = {
  "bit-flipped": "departs",
  "shard-truncated": "departs",
  "shard-missing": "departs",
  "shard-too-many": "departs",
  "rl-other-truth": "departs",
  "rl-row-missing": "departs",
  "sft-null-kwargs": "nothing",
}
