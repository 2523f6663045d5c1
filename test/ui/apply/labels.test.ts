import { describe, expect, test } from "vitest"
import { Comparison, decisionOf, labelLines, textOfLabel } from "../../../ui/apply/labels.ts"

test.each([
  [true, "drop"],
  ["Yes", "drop"],
  [" drop ", "drop"],
  [1, "drop"],
  [1n, "drop"],
  [false, "keep"],
  ["no", "keep"],
  ["KEEP", "keep"],
  [0, "keep"],
  [null, null],
  [undefined, null],
  ["maybe", null],
])("the label %s means %s", (label, decision) => {
  expect(decisionOf(label)).toBe(decision)
})

describe("a comparison", () => {
  const comparison = new Comparison("label", decisionOf, ["drop", "keep"])
  // 8 dropped rightly, 2 dropped wrongly, 4 missed, 6 kept rightly, 1 without a label.
  const add = (count: number, label: unknown, decision: string) => {
    for (let at = 0; at < count; at++) comparison.add(label, decision)
  }
  add(8, true, "drop")
  add(2, "no", "drop")
  add(4, "yes", "keep")
  add(6, "keep", "keep")
  add(1, "?", "keep")
  const report = comparison.report()

  test("has accuracy, precision, recall and the confusion", () => {
    expect(report).toEqual({
      column: "label",
      compared: 20,
      unlabelled: 1,
      accuracy: 0.7,
      values: [
        { value: "drop", rows: 12, precision: 0.8, recall: 8 / 12 },
        { value: "keep", rows: 8, precision: 0.6, recall: 0.75 },
      ],
      confusion: { drop: { drop: 8, keep: 4 }, keep: { drop: 2, keep: 6 } },
    })
  })

  test("reads as a table", () => {
    expect(labelLines(report)).toEqual([
      "labels in label: 20 rows compared, 1 without a label that can be read",
      "  accuracy 70.0%",
      "  value  rows  precision  recall",
      "  drop   12    80.0%      66.7%",
      "  keep   8     60.0%      75.0%",
      "  labels down, decisions across:",
      "        drop  keep",
      "  drop  8     4",
      "  keep  2     6",
    ])
  })
})

test("nothing compared divides by nothing", () => {
  const { accuracy, values } = new Comparison("label", decisionOf, ["drop", "keep"]).report()
  expect(accuracy).toBeNull()
  expect(values.map(({ precision, recall }) => [precision, recall])).toEqual([
    [null, null],
    [null, null],
  ])
})

test("text of labels cannot drive a terminal", () => {
  const comparison = new Comparison("l", textOfLabel)
  comparison.add("\u001b[2Jred", "\u202egreen")
  expect(labelLines(comparison.report()).join("\n")).not.toMatch(/[\u001b\u202e]/)
})

test("free text is no label", () => {
  const comparison = new Comparison("essay", textOfLabel)
  expect(() => {
    for (let at = 0; at < 300; at++) comparison.add(`text ${at}`, "a")
  }).toThrow("Column essay holds no labels")
})
