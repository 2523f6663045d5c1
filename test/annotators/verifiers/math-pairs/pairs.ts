import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { VerdictName } from "../../../../schemas/verdict.ts"

/**
 * A reference with answers whose verdict follows from the definitions of the notation: `equal` ones say the same, `unequal` ones
 * something else that can be read, `unparsed` ones nothing that can be read. `why` names the group.
 */
export interface LabelledReference {
  readonly why: string
  readonly reference: string
  readonly equal?: readonly string[]
  readonly unequal?: readonly string[]
  readonly unparsed?: readonly string[]
}

/**
 * A whole completion, read with `answer: "auto"`; in parts where one repeats: `[text, times]`. `extracted` is the text in which its
 * answer stands, where that matters.
 */
export interface LabelledCompletion {
  readonly why: string
  readonly completion: string | readonly (string | readonly [text: string, times: number])[]
  readonly reference: string
  readonly verdict: VerdictName
  readonly extracted?: string
}

/** One answer beside its reference. */
export interface Pair {
  readonly file: string
  readonly why: string
  readonly answer: string
  readonly reference: string
  readonly verdict: "correct" | "incorrect" | "unparsed"
}

const verdicts = { equal: "correct", unequal: "incorrect", unparsed: "unparsed" } as const

/** Every labelled pair, by file (one notation each), in the order of the files. */
export function labelledPairs(): Map<string, Pair[]> {
  const files = new Map<string, Pair[]>()
  for (const [file, rows] of jsonlFiles<LabelledReference>(import.meta.dirname)) {
    const pairs = rows.flatMap((row) =>
      (["equal", "unequal", "unparsed"] as const).flatMap((label) =>
        (row[label] ?? []).map((answer) => ({
          file,
          why: row.why,
          answer,
          reference: row.reference,
          verdict: verdicts[label],
        })),
      ),
    )
    files.set(file, pairs)
  }
  return files
}

/** The text of a labelled completion. */
export const completionText = ({ completion }: LabelledCompletion): string =>
  typeof completion === "string"
    ? completion
    : completion.map((part) => (typeof part === "string" ? part : part[0].repeat(part[1]))).join("")

/** Every labelled completion, by file. */
export const labelledCompletions = () => jsonlFiles<LabelledCompletion>(join(import.meta.dirname, "completions"))

function jsonlFiles<Row>(folder: string): Map<string, Row[]> {
  const names = readdirSync(folder).filter((name) => name.endsWith(".jsonl"))
  return new Map(
    names.sort().map((name) => {
      const lines = readFileSync(join(folder, name), "utf8").split("\n")
      return [name.replace(".jsonl", ""), lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Row)]
    }),
  )
}
