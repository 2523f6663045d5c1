// A verifier: scores a completion against a reference.
//   cotyledon verify ./verifier.ts completions.jsonl verdicts.jsonl --set ignoreCase=true
import { correct, incorrect, parseResponse, type RuleVerifier, readOptions, unparsed, unverifiable, z } from "cotyledon"

const options = z.strictObject({
  ignoreCase: z.boolean().default(false).meta({ description: "Whether A and a are the same" }),
})

/** The last line of the answer, behind the think block, must be the reference. */
const lastLine: RuleVerifier = {
  kind: "rule",
  id: "last-line",
  version: 1,
  about: "The last line of an answer",
  reference: "the text of the line",
  options,
  fault: (reference) => (typeof reference === "string" ? null : "expected text"),
  verify({ completion, reference, options: given }) {
    const fault = lastLine.fault(reference)
    if (fault !== null) return unverifiable(fault)
    const read = readOptions(options, given)
    if ("fault" in read) return unverifiable(read.fault)
    const line = parseResponse(completion).answer?.trimEnd().split("\n").at(-1)?.trim()
    // What could not be read is no wrong answer: it gets no reward rather than 0.
    if (!line) return unparsed("no answer")
    const spelled = (text: string) => (read.value.ignoreCase ? text.toLowerCase() : text)
    return spelled(line) === spelled(String(reference)) ? correct(line) : incorrect(line)
  },
}

export default lastLine
