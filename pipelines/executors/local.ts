import { spawn } from "node:child_process"
import { extname } from "node:path"
import { fileURLToPath } from "node:url"
import { stopError } from "../runtime/errors.ts"
import type { Executor, TaskName } from "../runtime/executor.ts"
import { RowSlots } from "../runtime/row-slots.ts"

const command = fileURLToPath(new URL(`../../ui/bin${extname(import.meta.url)}`, import.meta.url))

/** Runs tasks as processes of this machine, at most `workers` at once. */
export function localExecutor(workers: number): Executor {
  const slots = new RowSlots(workers)
  return {
    async run(task, signal, admitted) {
      await slots.take()
      admitted()
      try {
        await workProcess(task, signal)
      } finally {
        slots.give()
      }
    },
  }
}

async function workProcess({ run, stage, index }: TaskName, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const child = spawn(process.execPath, [command, "work", run, stage, String(index), "--quiet"], {
    stdio: ["ignore", "ignore", "pipe"],
  })
  const onAbort = () => child.kill("SIGTERM")
  signal.addEventListener("abort", onAbort, { once: true })
  let said = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2_000)
  })
  try {
    const code = await new Promise<number | string>((resolve, reject) => {
      child.on("error", reject)
      child.on("close", (exit, killedBy) => resolve(exit ?? killedBy ?? "unknown"))
    })
    signal.throwIfAborted()
    if (code !== 0)
      throw stopError({
        what: `The worker of task ${index} of stage ${stage} ended with ${code}`,
        ...(said.trim() !== "" && { got: said.trim() }),
        remedy: "What is done is kept; run the same command again to go on.",
      })
  } finally {
    signal.removeEventListener("abort", onAbort)
  }
}
