import type { Line } from "./cells.ts"

export interface DrawingOptions {
  stdout: NodeJS.WriteStream
  /** Keys are read from there; null: none are. */
  stdin: NodeJS.ReadStream | null
  /** Called with each key, as `keys.ts` names them. */
  onKey(key: string): void
}

/** Where screens are shown. */
export interface Drawing {
  /** Shows a screen. `asked`: a key asked for it. */
  draw(lines: readonly Line[], asked: boolean): void
  /** Gives the terminal back; what was shown last stays. */
  close(): Promise<void>
}
