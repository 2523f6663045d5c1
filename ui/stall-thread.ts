// The thread that watches a thread. Node tells signals to the watched thread alone, which cannot hear them while it is blocked. So a
// shell is started beside it for as long as that lasts: it hears what a terminal, a service manager or an engine sends to all processes
// of the command, and ends the blocked one at once. What is done and settled stands on disk already. What is sent to the blocked process
// alone nobody hears: the kernel gives it to Node's own handler, which notes it in a pipe that only the blocked loop reads. SIGKILL ends it.
import { type ChildProcess, spawn } from "node:child_process"
import { writeSync } from "node:fs"
import { workerData } from "node:worker_threads"
import { oneLine } from "../pipelines/runtime/errors.ts"
import type { StallWatch } from "./stall-watch.ts"

const checkMs = 500
const blockedMs = 2_000
const saidMs = 10_000

const ending = `
pid=$1
trap 'echo "The blocked process is ended; what is done is kept, run the same command again to go on." >&2; kill -KILL "$pid"; exit' INT TERM
while kill -0 "$pid" 2>/dev/null; do sleep 1; done`

const { beats, name } = workerData as StallWatch
let seen = -1
let silentMs = 0
let ender: ChildProcess | null = null

setInterval(() => {
  const now = Atomics.load(beats, 0)
  if (now !== seen) {
    seen = now
    silentMs = 0
    // Not by a signal that it would take for a user's.
    ender?.kill("SIGKILL")
    ender = null
    return
  }
  silentMs += checkMs
  if (silentMs >= blockedMs && ender === null) {
    ender = spawn("/bin/sh", ["-c", ending, "sh", String(process.pid)], { stdio: ["ignore", "ignore", "inherit"] })
    ender.on("error", () => {})
  }
  if (silentMs === saidMs)
    writeSync(
      2,
      `Nothing has moved for ${saidMs / 1_000} s: ${whatIsAtWork()} does not come back. Ctrl-C ends the process at once, and so does kill -KILL ${process.pid}; what is done is kept.\n`,
    )
}, checkMs)

function whatIsAtWork(): string {
  const bytes = Buffer.from(name)
  const text = bytes.toString("utf8", 0, bytes.indexOf(0))
  return text === "" ? "code of the recipe" : oneLine(text, 200)
}
