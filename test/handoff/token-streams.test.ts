// megatron-core's IndexedDataset and datatrove's reader over the token stream of a handoff, sound and with planted faults.
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { madeSamples, useMadeHandoff } from "./made-handoff.ts"
import { type Finding, plant, runScript, type Seen, seenIn, withoutTrainers } from "./trainers.ts"

interface Readers extends Finding {
  megatron: Finding & { dtype: string }
  datatrove: Finding
}

describe.skipIf(withoutTrainers !== "")(`Megatron and datatrove${withoutTrainers}`, { timeout: 600_000 }, () => {
  const made = useMadeHandoff(withoutTrainers !== "")

  test("read every sample as a document", async () => {
    const [{ megatron, datatrove } = {} as Readers] = await runScript<Readers>("token_readers.py", [made.path], "verl")
    expect(megatron).toMatchObject({ version: "0.16.1", dtype: "int32", rows: madeSamples.length, faults: [] })
    expect(datatrove).toMatchObject({ version: "0.10.1", tokens: Math.floor(megatron.tokens! / 64) * 64, faults: [] })
  })

  test("what they see of planted faults", async () => {
    const names = Object.keys(seen)
    const planted = await plant(made.path, join(made.folder, "planted"), names)
    const folders = names.map((name) => planted.get(name)!)
    const findings = await runScript<Readers>("token_readers.py", folders, "verl")
    const found = findings.map(({ megatron, datatrove }, at) => [names[at], [seenIn(megatron), seenIn(datatrove)]])
    expect(Object.fromEntries(found)).toEqual(seen)
  })
})

/** By fault: Megatron, datatrove. */
const seen: Record<string, [Seen, Seen]> = {
  "idx-length-off-by-one": ["departs", "nothing"],
  "idx-type-int64": ["raises", "nothing"],
  "idx-magic": ["raises", "nothing"],
  "idx-pointer-off": ["departs", "nothing"],
  "bin-truncated": ["raises", "nothing"],
  "bin-wrong-id": ["departs", "nothing"],
  "bin-id-beyond-vocabulary": ["departs", "nothing"],
  "ds-bytes-swapped": ["nothing", "departs"],
  "ds-index-shifted": ["nothing", "departs"],
  "ds-without-ends": ["nothing", "departs"],
}
