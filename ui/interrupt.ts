import { loadedOwnCode } from "../pipelines/own-package.ts"
import { CotyledonError, exitCode, oneLine, stopError } from "../pipelines/runtime/errors.ts"
import { watchForStalls } from "./stall-watch.ts"

/** Node's exit code where a promise is waited for that nothing can settle any more. */
const unsettled = 13

/**
 * A signal that the first Ctrl-C or SIGTERM aborts; a second one ends the process at once. `say` tells the user. Where code of the
 * user's runs, errors that it leaves to nobody abort it as well.
 */
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
  const onLeftError = (error: unknown) => {
    controller.abort(
      stopError(
        {
          what: "An error that nobody waited for: a promise without await, or a callback that threw",
          got: oneLine(String(error), 200),
          remedy: "What is done is kept. Mend the step and run again.",
        },
        error,
      ),
    )
  }
  const onExit = (code: number) => {
    if (code !== unsettled) return
    process.stderr.write("A step waits for something that never comes: a promise that nothing settles\n")
    process.exitCode = exitCode.stopped
  }
  process.on("SIGINT", onSignal)
  process.on("SIGTERM", onSignal)
  if (loadedOwnCode()) {
    watchForStalls()
    process.on("unhandledRejection", onLeftError)
    process.on("uncaughtException", onLeftError)
    process.on("exit", onExit)
  }
  return {
    signal: controller.signal,
    interrupt: onSignal,
    release() {
      process.off("SIGINT", onSignal)
      process.off("SIGTERM", onSignal)
      process.off("unhandledRejection", onLeftError)
      process.off("uncaughtException", onLeftError)
    },
  }
}
