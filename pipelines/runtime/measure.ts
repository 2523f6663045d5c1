// What a run has measured about its own work, kept in `measured.json`: how much each source row asked, and how fast each role's model
// answered. `plan` and a pilot project from it; nothing that becomes data depends on it.
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { writeWhole } from "./disk.ts"
import type { Effect, Effects, Settled } from "./effect.ts"
import type { PaidCounters } from "./recipe.ts"

/** Calls and tokens of one source row in one stage, by the identity that answered; settled answers count like fresh ones. */
export type RowUse = Record<string, { calls: number; input: number; output: number }>

/** How fast one role's model answered, summed over the processes that asked it. */
export interface Pace {
  identity: string
  calls: number
  output: number
  /** Milliseconds that its requests took, added up: two at once for a second are 2,000. */
  requestMs: number
  /** Milliseconds in which at least one was under way. */
  busyMs: number
}

export interface Measured {
  format: 1
  /** By row id and stage; at most `rowsKept` rows. Rows that asked nothing are not here. */
  rows: Record<string, Record<string, RowUse>>
  /** By role. */
  paces: Record<string, Pace>
}

/** Rows beyond these say nothing new about the mean. */
const rowsKept = 20_000

/** Collects what a run measures. */
export class Measure {
  readonly #path: string
  readonly #measured: Measured
  #last: { atMs: number; counters: Readonly<Record<string, PaidCounters & { identity: string }>> } | null = null
  #rows: number
  readonly #begun = new Set<string>()

  private constructor(path: string, measured: Measured) {
    this.#path = path
    this.#measured = measured
    this.#rows = Object.keys(measured.rows).length
  }

  /** Goes on from what the folder's earlier processes measured. */
  static async open(run: string): Promise<Measure> {
    const { rows = {}, paces = {} } = (await readMeasured(run)) ?? {}
    // Ids come from outside: `__proto__` is one like any other.
    const own = Object.assign(Object.create(null), rows)
    return new Measure(join(run, "measured.json"), { format: 1, rows: own, paces })
  }

  /** Effects that note under a stage and a row what it settles. */
  of(stage: string, row: string, effects: Effects): Effects {
    return {
      signal: effects.signal,
      settle: async <T>(effect: Effect<T>): Promise<Settled<T>> => {
        const settled = await effects.settle(effect)
        if (effect.kind === "chat") this.#note(stage, row, effect.identity, settled.usage ?? { input: 0, output: 0 })
        return settled
      },
    }
  }

  /** Adds the time since the last call, by what was in flight then. To be called often. */
  tick(counters: Readonly<Record<string, PaidCounters & { identity: string }>>, nowMs = performance.now()): void {
    for (const [role, { identity, calls, output }] of Object.entries(counters)) {
      const before = this.#last?.counters[role]
      const known = this.#measured.paces[role]
      // Another model is another pace.
      if (known?.identity !== identity)
        this.#measured.paces[role] = { identity, calls: 0, output: 0, requestMs: 0, busyMs: 0 }
      const pace = this.#measured.paces[role]!
      const passedMs = this.#last === null ? 0 : nowMs - this.#last.atMs
      // Between two looks requests come and go: the mean of both is near enough.
      const inFlight = ((before?.inFlight ?? 0) + counters[role]!.inFlight) / 2
      pace.requestMs += passedMs * inFlight
      if (inFlight > 0) pace.busyMs += passedMs
      pace.calls += calls - (before?.calls ?? 0)
      pace.output += output - (before?.output ?? 0)
    }
    this.#last = { atMs: nowMs, counters }
  }

  /** Writes what was measured beside the run. A disk that refuses it costs only that. */
  async save(): Promise<void> {
    await writeWhole(this.#path, JSON.stringify(this.#measured)).catch(() => {})
  }

  #note(stage: string, row: string, identity: string, usage: { input: number; output: number }): void {
    const { rows } = this.#measured
    if (!rows[row]) {
      if (this.#rows >= rowsKept) return
      this.#rows++
      rows[row] = {}
    }
    // A rerun settles the same again: what an earlier process noted of the row and stage is replaced.
    const name = `${stage}\n${row}`
    if (!this.#begun.has(name)) {
      this.#begun.add(name)
      rows[row][stage] = {}
    }
    rows[row][stage] ??= {}
    const uses = rows[row][stage]
    uses[identity] ??= { calls: 0, input: 0, output: 0 }
    const use = uses[identity]
    use.calls++
    use.input += usage.input
    use.output += usage.output
  }
}

/** What the processes of a run measured, or null where none did. */
export async function readMeasured(run: string): Promise<Measured | null> {
  try {
    const measured = JSON.parse(await readFile(join(run, "measured.json"), "utf8")) as Measured
    return measured.format === 1 && typeof measured.rows === "object" && typeof measured.paces === "object"
      ? measured
      : null
  } catch {
    return null
  }
}
