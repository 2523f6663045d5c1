import type { DropsByReason } from "../../schemas/event.ts"
import type { Tally } from "./step.ts"

/** Adds drops by step and reason into `into`. */
export function addDrops(into: DropsByReason, from: DropsByReason): void {
  for (const [step, reasons] of Object.entries(from)) {
    into[step] ??= {}
    for (const [reason, count] of Object.entries(reasons)) into[step][reason] = (into[step][reason] ?? 0) + count
  }
}

/** Adds a tally into `into`, and returns it. */
export function addTally(into: Tally, from: Tally): Tally {
  for (const [name, count] of Object.entries(from)) into[name] = (into[name] ?? 0) + count
  return into
}
