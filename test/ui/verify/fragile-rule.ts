// A rule verifier that does what none should: for tests of whoever runs verifiers. The completion says what.
import { z } from "zod"
import { correct, incorrect, type RuleVerifier } from "../../../annotators/verifiers/verifier.ts"

const fragile: RuleVerifier = {
  kind: "rule",
  id: "fragile",
  version: 1,
  about: "Whether a completion is the reference",
  reference: "a text",
  options: z.strictObject({}),
  fault: () => null,
  verify({ completion, reference }) {
    if (completion === "exhaust memory") {
      const held: number[][] = []
      for (;;) held.push(Array.from({ length: 1 << 16 }, (_, at) => at))
    }
    if (completion === "end the thread") process.exit(3)
    if (completion === "throw") throw new RangeError("too much")
    if (completion === "never end") for (;;);
    return completion === reference ? correct(completion) : incorrect(completion)
  },
}
export default fragile
