import { setTimeout as pause } from "node:timers/promises"
import { ProgressLines } from "../progress-lines.ts"
import { Watch } from "./watch.ts"

/** Prints what happens in a run as plain lines, or its events as JSON Lines, until it ends. */
export async function follow(
  run: string,
  print: (line: string) => void,
  { json, quiet }: { json: boolean; quiet: boolean },
): Promise<void> {
  const lines = new ProgressLines(quiet ? () => {} : print)
  const watch = new Watch({
    run,
    shown: run,
    changed() {},
    leave() {},
    interrupt() {},
    onEvent: (event) => (json ? print(JSON.stringify(event)) : lines.hear(event)),
  })
  for (;;) {
    await watch.look()
    if (watch.ended) break
    await pause(1_000)
  }
  const { state, reason } = watch.progress.status
  if (!json) print(`${state}${reason && state === "stopped" ? `: ${reason.split("\n")[0]}` : ""}`)
}
