import { CotyledonError, exitCode } from "../pipelines/runtime/errors.ts"

/** A signal that the first Ctrl-C or SIGTERM aborts; a second one ends the process at once. `say` tells the user. */
export function stopOnSignals(say = (text: string): unknown => process.stderr.write(`${text}\n`)): {
  signal: AbortSignal
  /** As a signal of that name would. */
  interrupt(name: NodeJS.Signals): void
  release(): void
} {
  const controller = new AbortController()
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(exitCode.interrupted)
    say(`${name}: calls in flight may settle for up to 10 s; once more stops at once`)
    controller.abort(
      new CotyledonError(exitCode.interrupted, { what: `Interrupted by ${name}`, remedy: "What is done is kept." }),
    )
  }
  process.on("SIGINT", onSignal)
  process.on("SIGTERM", onSignal)
  return {
    signal: controller.signal,
    interrupt: onSignal,
    release() {
      process.off("SIGINT", onSignal)
      process.off("SIGTERM", onSignal)
    },
  }
}
