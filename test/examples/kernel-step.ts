// A kernel: over the bytes of a whole column, without making a string of any.
//   cotyledon apply ./kernel-step.ts texts.parquet kept.parquet
import type { KernelStep, Reason } from "cotyledon"

const most = 0.3

/** Drops texts of which more than 30% of the bytes are ASCII digits. Reads `text`. */
const mostlyDigits: KernelStep = {
  kind: "kernel",
  id: "mostly-digits",
  version: 1,
  params: { most },
  about: "Drops texts that are mostly digits",
  open: () => (batch) => {
    // Text number `at` is bytes[offsets[at]] to bytes[offsets[at + 1] - 1], in UTF-8; a column may come in several chunks.
    const texts = batch.getChild("text")!
    return texts.data.flatMap(({ values: bytes, valueOffsets: offsets, length }): (Reason | null)[] =>
      Array.from({ length }, (_, at) => {
        let digits = 0
        for (let byte = offsets[at]!; byte < offsets[at + 1]!; byte++)
          if (bytes[byte]! >= 48 && bytes[byte]! <= 57) digits++
        const share = digits / Math.max(1, offsets[at + 1]! - offsets[at]!)
        return share > most ? { reason: "mostly-digits", measured: share, threshold: most } : null
      }),
    )
  },
}

export default mostlyDigits
