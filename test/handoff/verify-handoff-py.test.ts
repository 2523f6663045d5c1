// The file that a handoff carries for the trainer's side, and `cotyledon handoff verify`, over a sound handoff and over planted faults. Two
// programs in two languages that share no code: what both accept is tokenised, hashed and counted alike.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { verifyHandoffs } from "../../pipelines/export/verify-handoff.ts"
import { type Receipt, receipt } from "../../schemas/receipt.ts"
import { madeSamples, useMadeHandoff } from "./made-handoff.ts"
import { type Finding, plant, runScript, verifyHandoffPy, withoutPython } from "./trainers.ts"

describe.skipIf(withoutPython !== "")(`verify_handoff.py${withoutPython}`, { timeout: 600_000 }, () => {
  const made = useMadeHandoff(withoutPython !== "")

  test("accepts a handoff, with its own renderer and with the carried template", () => {
    const whole = `13 data files, ${madeSamples.length} samples, 64 probes hold`
    expect(verifyHandoffPy(made.path)).toEqual({ code: 0, text: expect.stringContaining(whole) })
    expect(verifyHandoffPy(made.path, ["--template"])).toEqual({ code: 0, text: expect.stringContaining(whole) })
  })

  test("writes a receipt for each attempt, which the command reads", async () => {
    for (const version of ["1", "2"]) expect(verifyHandoffPy(made.path, ["--trainer", "a/b", "--version", version]).code).toBe(0)
    const lines = readFileSync(join(made.path, "receipts/a_b.jsonl"), "utf8").trimEnd().split("\n")
    const receipts: Receipt[] = lines.map((line) => receipt.parse(JSON.parse(line)))
    expect(receipts).toMatchObject([
      { trainer: "a/b", version: "1", status: "accepted", rows: { seen: 0, dropped: {} }, faults: [] },
      { trainer: "a/b", version: "2", status: "accepted", first_batch_sha256: null, cursor: null },
    ])
    const [report] = await verifyHandoffs(made.path)
    expect(report).toMatchObject({ whole: true, receipts: 2, findings: [] })
  })

  test("says what is no handoff", () => {
    const nothing = join(made.folder, "run")
    writeFileSync(join(made.folder, "verify_handoff.py"), readFileSync(join(made.path, "verify_handoff.py")))
    expect(verifyHandoffPy(made.folder)).toEqual({
      code: 2,
      text: expect.stringMatching(/is no readable handoff: FileNotFoundError/),
    })
    expect(nothing).not.toBe(made.path)
  })

  test("it and the command find every fault that is planted in the data, with file and row", async () => {
    const planted = await plant(made.path, join(made.folder, "planted"), Object.keys(faults))
    const findings = await runScript("verify_all.py", [...planted.values()])
    const byFolder = new Map(findings.map((finding) => [finding.folder, finding]))
    const found: Record<string, unknown> = {}
    for (const [fault, folder] of planted) {
      const [report] = await verifyHandoffs(folder)
      const here = (byFolder.get(folder) as Finding).faults ?? []
      const there = report!.findings.map(({ file, row, what }) => `${file}: ${row === null ? "" : `row ${row}: `}${what}`)
      const [file, row] = faults[fault]!
      const names = (text: string) => text.startsWith(`${file}: ${row === undefined ? "" : `row ${row}: `}`)
      found[fault] = { python: here.some(names) || here, command: there.some(names) || there }
    }
    expect(found).toEqual(Object.fromEntries(Object.keys(faults).map((fault) => [fault, { python: true, command: true }])))
  })
})

/** Planted faults of the data, and the file and row that both must name. */
const faults: Record<string, readonly [file: string, row?: string]> = {
  "sft-thinking-stripped": ["sft/train-00000.parquet", "q0"],
}
