// What the thread of a run is doing, in memory that other threads can read while it is blocked: a step of the user's that never comes
// back keeps every timer and signal of its thread waiting.
import type { Row, Step } from "./step.ts"

const nameBytes = 256
const encoder = new TextEncoder()
let board: { beats: Int32Array; name: Uint8Array } | null = null

/** A shared beat and the name of the last step that was entered, kept up from now on. `beatMs` between beats while nothing blocks. */
export function shareWork(beatMs: number): {
  beats: Int32Array<SharedArrayBuffer>
  name: Uint8Array<SharedArrayBuffer>
} {
  const shared = {
    beats: new Int32Array(new SharedArrayBuffer(4)),
    name: new Uint8Array(new SharedArrayBuffer(nameBytes)),
  }
  board = shared
  setInterval(() => Atomics.add(shared.beats, 0, 1), beatMs).unref()
  return shared
}

/** Says that a step starts on a row, or a kernel on a batch. Costs nothing where nobody looks. */
export function enter({ id }: Step, row: Readonly<Row> | null): void {
  if (board === null) return
  const text = row === null ? `kernel ${id}` : `step ${id}, row ${String(row.id)}`
  const { written } = encoder.encodeInto(text, board.name)
  board.name.fill(0, written)
}
