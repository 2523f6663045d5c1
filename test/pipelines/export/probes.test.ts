import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import { ProbePlan, probeOf } from "../../../pipelines/export/probes.ts"

/** Indexes of the rows that become probes; `rejected` rows are read and not written. */
function chosen(modes: boolean[], rejected: (at: number) => boolean = () => false): number[] {
  const thinking = modes.filter(Boolean).length
  const plan = new ProbePlan({ thinking, nonThinking: modes.length - thinking })
  return modes.flatMap((mode, at) => {
    plan.read(mode)
    return !rejected(at) && plan.wants(mode) ? [at] : []
  })
}

describe("probes", () => {
  test("are 64 rows spread evenly, or all rows of a small set", () => {
    const rows = chosen(Array.from({ length: 6_400 }, () => true))
    expect(rows).toEqual(Array.from({ length: 64 }, (_, at) => at * 100))
    expect(chosen(Array.from({ length: 40 }, (_, at) => at % 3 > 0))).toHaveLength(40)
    expect(chosen([])).toEqual([])
  })

  test("are of both modes, however rare one is", () => {
    const modes = Array.from({ length: 10_000 }, (_, at) => at % 1_000 !== 500)
    const rows = chosen(modes)
    expect(rows).toHaveLength(64)
    expect(rows.filter((at) => !modes[at])).toHaveLength(8)
    const few = chosen(Array.from({ length: 1_000 }, (_, at) => at !== 700))
    expect(few).toHaveLength(64)
    expect(few).toContain(700)
  })

  test("stand in for rows that are rejected", () => {
    const rows = chosen(
      Array.from({ length: 640 }, () => true),
      (at) => at % 10 === 0,
    )
    expect(rows).toHaveLength(64)
    expect(rows.slice(0, 3)).toEqual([1, 11, 21])
  })

  test("hash ids and labels as little-endian int32", () => {
    const bytes = Buffer.from("01000000ffffff7f", "hex")
    const labels = Buffer.from("9cffffffffffff7f", "hex")
    const of = { inputIds: Int32Array.of(1, 2 ** 31 - 1), labels: Int32Array.of(-100, 2 ** 31 - 1), trainedTokens: 1 }
    const sha256 = (of: Buffer) => createHash("sha256").update(of).digest("hex")
    expect(probeOf("a", of)).toEqual({
      row_id: "a",
      input_ids_sha256: sha256(bytes),
      labels_sha256: sha256(labels),
      trained_tokens: 1,
    })
  })
})
