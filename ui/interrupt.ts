import { loadedOwnCode } from "../pipelines/own-package.ts"
import { CotyledonError, exitCode } from "../pipelines/runtime/errors.ts"
import { watchForStalls } from "./stall-watch.ts"

/** A signal that the first Ctrl-C or SIGTERM aborts; a second one ends the process at once. */
export function stopOnSignals(): { signal: AbortSignal; release(): void } {
  if (loadedOwnCode()) watchForStalls()
  const controller = new AbortController()
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(exitCode.interrupted)
    process.stderr.write(`${name}: calls in flight may settle for up to 10 s; once more stops at once\n`)
    controller.abort(
      new CotyledonError(exitCode.interrupted, { what: `Interrupted by ${name}`, remedy: "What is done is kept." }),
    )
  }
  process.on("SIGINT", onSignal)
  process.on("SIGTERM", onSignal)
  return {
    signal: controller.signal,
    release() {
      process.off("SIGINT", onSignal)
      process.off("SIGTERM", onSignal)
    },
  }
}
