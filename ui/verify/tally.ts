import { oneLine } from "../../pipelines/runtime/errors.ts"
import { type VerdictName, verdictName } from "../../schemas/verdict.ts"
import { grouped } from "../print.ts"
import type { ScoredRow } from "./scored-row.ts"
import type { ReasonCount, VerifyReport } from "./summary.ts"

/** Failed rows and rows of a reason that are named. */
const namedRows = 5

/** Different reasons that are counted apart; those of further kinds are counted together. */
const maxReasons = 200
const furtherReasons = "further reasons"

/** Counts of one verification. */
export class Tally {
  readonly rows = { in: 0, out: 0, failed: 0 }
  readonly #verdicts = Object.fromEntries(verdictName.options.map((name) => [name, 0])) as Record<VerdictName, number>
  /** The first failed rows, in words. */
  readonly named: string[] = []
  readonly #reasons = new Map<string, ReasonCount>()
  readonly #reward = { sum: 0, rows: 0 }

  /** Counts a row. Returns its reason when it is the first row without a reward for that reason. */
  add(scored: ScoredRow): ReasonCount | null {
    this.rows.in++
    if ("failed" in scored) {
      this.rows.failed++
      if (this.named.length < namedRows) this.named.push(oneLine(scored.failed.message, 200))
      return null
    }
    const { verdict, reward, reason, id } = scored.row
    this.rows.out++
    this.#verdicts[verdict]++
    if (reward !== null) {
      this.#reward.sum += reward
      this.#reward.rows++
      return null
    }
    return this.#countReason(verdict, reason ?? "no reason given", idText(id, scored.at.line))
  }

  #countReason(verdict: VerdictName, reason: string, row: string): ReasonCount | null {
    const known = this.#reasons.get(`${verdict} ${reason}`)
    const told = known || this.#reasons.size < maxReasons ? reason : furtherReasons
    const key = `${verdict} ${told}`
    const count = known ?? this.#reasons.get(key) ?? { verdict, reason: told, rows: 0, first: [] }
    this.#reasons.set(key, count)
    count.rows++
    if (count.first.length < namedRows) count.first.push(row)
    return count.rows === 1 ? count : null
  }

  progress(verifier: string): string {
    return `${verifier}: ${grouped(this.rows.in)} rows done`
  }

  counts(): Pick<VerifyReport, "rows" | "verdicts" | "reasons" | "meanReward"> {
    const { sum, rows } = this.#reward
    return {
      rows: this.rows,
      verdicts: this.#verdicts,
      reasons: [...this.#reasons.values()].toSorted((a, b) => b.rows - a.rows),
      meanReward: rows === 0 ? null : sum / rows,
    }
  }
}

const idText = (id: unknown, line: number): string =>
  id === null || id === undefined ? `line ${line}` : oneLine(typeof id === "string" ? id : String(id), 60)
