import { expect, test } from "vitest"
import { balancedDomain } from "../../../pipelines/cold-start/domain-names.ts"

test.each([
  ["mathematics", ["Math", "maths", " MATHEMATICS ", "Number_Theory", "数学"]],
  ["code", ["coding", "Programming", "software-engineering", "ＣＯＤＥ"]],
  ["logic", ["logic", "Logical Reasoning", "puzzles"]],
  ["science", ["Science", "physics", "chemistry", "biology", "STEM"]],
  ["unknown", ["", "  ", null, "unknown"]],
  ["maritime law", ["Maritime Law", "maritime_law"]],
])("%s", (domain, labels) => {
  for (const label of labels) expect(balancedDomain(label)).toBe(domain)
})
