import { expect, it } from "vitest"
import type { MixtureLine } from "../../schemas/mixture.ts"
import { mixtureLines, mixtureSummary } from "../../ui/mixture-report.ts"

const line = (measure: string, value: string, more: Partial<MixtureLine> = {}): MixtureLine => ({
  measure,
  value,
  supply: 100,
  askedShare: null,
  asked: null,
  found: 50,
  foundShare: 0.5,
  short: null,
  note: null,
  ...more,
})
const report = [
  line("size", "rows", {
    supply: 1_000,
    asked: 500,
    found: 400,
    short: 100,
    note: "mode thinking: 60.0% asked, 240 rows",
  }),
  line("mode", "thinking", { askedShare: 0.6, asked: 240, found: 240, foundShare: 0.6, short: 0 }),
  line("language", "en\u001b[31m"),
  ...Array.from({ length: 30 }, (_, at) => line("cell", `thinking × a-category-with-a-long-name-${at} × en`)),
]

it("tells the size, what limits it, and shares asked and found, in 80 columns", () => {
  expect(mixtureSummary(report)).toEqual([
    "  mixture: 400 rows of 1,000 samples, 500 asked for, 100 short",
    "    limited by mode thinking: 60.0% asked, 240 rows",
    "    mode                                 there are     asked     found     short",
    "    thinking                                   100     60.0%     60.0%",
  ])
  const lines = mixtureLines(report)
  expect(lines.every((text) => text.length <= 80)).toBe(true)
  expect(lines.join("")).not.toContain("\u001b")
  expect(lines.at(-1)).toContain("... 20 more")
})
it("has nothing to tell where there is no report", () => expect(mixtureLines([])).toEqual([]))
