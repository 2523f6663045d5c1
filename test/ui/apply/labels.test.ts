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
  const comparison = new Comparison({ column: "label", read: decisionOf, values: ["drop", "keep"] })
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
      failed: 0,
      unsure: null,
      accuracy: 0.7,
      accuracyInterval: [expect.closeTo(0.481, 3), expect.closeTo(0.8545, 3)],
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
      "  accuracy 70.0% (95% interval 48.1% to 85.5%)",
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

test("unsure is a decision of its own that no label has, and a failed row is no decision", () => {
  const comparison = new Comparison({
    column: "label",
    read: decisionOf,
    values: ["drop", "keep"],
    mayBeUnsure: true,
  })
  for (const [label, decision] of [
    ["yes", "drop"],
    ["yes", "unsure"],
    ["no", "keep"],
    ["no", "unsure"],
  ] as const)
    comparison.add(label, decision)
  comparison.addFailed("yes")
  comparison.addFailed(null)
  const report = comparison.report()
  expect(report).toMatchObject({ compared: 4, unlabelled: 1, failed: 1, unsure: 2, accuracy: 0.5 })
  expect(report.values).toEqual([
    { value: "drop", rows: 2, precision: 1, recall: 0.5 },
    { value: "keep", rows: 2, precision: 1, recall: 0.5 },
  ])
  expect(report.confusion).toEqual({ drop: { drop: 1, keep: 0, unsure: 1 }, keep: { drop: 0, keep: 1, unsure: 1 } })
  const lines = labelLines(report)
  expect(lines[0]).toBe("labels in label: 4 rows compared, 1 without a label that can be read, 1 failed")
  expect(lines[1]).toMatch(/^ {2}accuracy 50\.0% .*; 2 unsure, none of them right$/)
  expect(lines.slice(-3)).toEqual(["        drop  keep  unsure", "  drop  1     0     1", "  keep  0     1     1"])
})

test("nothing compared divides by nothing", () => {
  const { accuracy, values } = new Comparison({ column: "label", read: decisionOf, values: ["drop", "keep"] }).report()
  expect(accuracy).toBeNull()
  expect(values.map(({ precision, recall }) => [precision, recall])).toEqual([
    [null, null],
    [null, null],
  ])
})

test("text of labels cannot drive a terminal", () => {
  const comparison = new Comparison({ column: "l", read: textOfLabel })
  comparison.add("\u001b[2Jred", "\u202egreen")
  expect(labelLines(comparison.report()).join("\n")).not.toMatch(/[\u001b\u202e]/)
})

test("free text is no label", () => {
  const comparison = new Comparison({ column: "essay", read: textOfLabel })
  expect(() => {
    for (let at = 0; at < 300; at++) comparison.add(`text ${at}`, "a")
  }).toThrow("Column essay holds no labels")
})
