/** The parts of a completion. */
export interface ParsedResponse {
  /** Text of the think block without the line breaks at its ends; empty for the empty block, null where there is no block. */
  readonly thinking: string | null
  /** What stands outside the block; null where the text ends inside it. */
  readonly answer: string | null
  /** False where the thinking has no end, or the turn of the assistant is missing. */
  readonly complete: boolean
}
