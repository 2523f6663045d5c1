/** Exit codes of the command (and the classes of error behind them). */
export const exitCode = { done: 0, stopped: 1, usage: 2, held: 3, interrupted: 130 } as const
export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

/** The parts of a message that a user can act on. Each is one short line. */
export interface Complaint {
  /** What is wrong. */
  what: string
  /** File, row, column or config path. */
  where?: string | undefined
  expected?: string | undefined
  got?: string | undefined
  /** What to do about it. */
  remedy?: string | undefined
}

/** An error that is meant for the user: it reads in at most four lines and decides its own exit code. */
export class CotyledonError extends Error {
  readonly exit: ExitCode
  readonly complaint: Complaint

  constructor(exit: ExitCode, complaint: Complaint, cause?: unknown) {
    super(complaintText(complaint), cause === undefined ? undefined : { cause })
    this.name = "CotyledonError"
    this.exit = exit
    this.complaint = complaint
  }
}

/** Usage or config is wrong; nothing was started (exit code 2). */
export const usageError = (complaint: Complaint, cause?: unknown) =>
  new CotyledonError(exitCode.usage, complaint, cause)

/** The data or the work stopped the run; what is done is kept (exit code 1). */
export const stopError = (complaint: Complaint, cause?: unknown) =>
  new CotyledonError(exitCode.stopped, complaint, cause)

/**
 * One row could not be decided on; the run goes on without it. `retryable` is true when a rerun may do better, because the
 * fault lies outside the row (an endpoint that answered garbage).
 */
export class RowError extends Error {
  readonly reason: string
  readonly retryable: boolean

  constructor(reason: string, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = "RowError"
    this.reason = reason
    this.retryable = options.retryable ?? false
  }
}

function complaintText({ what, where, expected, got, remedy }: Complaint): string {
  const lines = [where ? `${what} (${where})` : what]
  if (expected !== undefined)
    lines.push(got === undefined ? `expected ${expected}` : `expected ${expected}, got ${got}`)
  else if (got !== undefined) lines.push(`got ${got}`)
  if (remedy !== undefined) lines.push(remedy)
  return lines.map((line) => oneLine(line)).join("\n")
}

/** Text from outside made safe for a terminal and a log: control and bidi characters escaped, cut at 400 characters. */
export function oneLine(text: string, limit = 400): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}...` : text
  return cut.replace(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  )
}
