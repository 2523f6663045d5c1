import { oneLine } from "../../pipelines/runtime/errors.ts"
import { grouped } from "../print.ts"
import type { TokenizedRow } from "./tokenize-row.ts"

/** Failed rows that are named. */
const namedRows = 5

/** Counts of one tokenization. */
export class TokenizeTally {
  readonly rows = { in: 0, out: 0, failed: 0 }
  tokens = 0
  /** The first failed rows, in words. */
  readonly named: string[] = []

  add(outcome: TokenizedRow): void {
    this.rows.in++
    if ("failed" in outcome) {
      this.rows.failed++
      if (this.named.length < namedRows) this.named.push(oneLine(outcome.failed.message, 200))
      return
    }
    this.rows.out++
    this.tokens += outcome.tokens
  }

  progress(): string {
    return `tokenize: ${grouped(this.rows.in)} rows, ${grouped(this.tokens)} tokens`
  }
}
