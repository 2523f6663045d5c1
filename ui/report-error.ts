import { CotyledonError, type ExitCode, exitCode, oneLine } from "../pipelines/runtime/errors.ts"

/** Prints an error in at most four lines (with the stack under `--debug`) and returns the exit code. */
export function report(error: unknown, { debug, json }: { debug: boolean; json: boolean }): ExitCode {
  const known = error instanceof CotyledonError
  const exit = known ? error.exit : exitCode.stopped
  const text = known
    ? error.message
    : `Unexpected error: ${oneLine(error instanceof Error ? error.message : String(error))}\nRun again with --debug for the stack.`
  process.stderr.write(`${text}\n`)
  if (debug && error instanceof Error) {
    process.stderr.write(`${error.stack}\n`)
    if (error.cause instanceof Error) process.stderr.write(`caused by ${error.cause.stack}\n`)
  }
  if (json && exit === exitCode.usage) process.stdout.write(`${JSON.stringify({ event: "stopped", reason: text })}\n`)
  return exit
}
