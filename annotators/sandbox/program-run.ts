// One program, one input: what it writes is read here, and what it should have written is never near it.
import { createHash } from "node:crypto"
import type { Socket } from "node:net"
import { asciiJson, frame } from "./frames.ts"
import { watchMemory } from "./memory-watch.ts"
import type { Sandbox } from "./sandbox.ts"
import { cpuLimitSignal, endText } from "./sandbox-end.ts"
import { processLimits, type RunLimits } from "./test-run.ts"

/** What a program is given. */
export interface ProgramJob {
  /** Ways to read the completion as a program, the best first: the first that compiles is run. */
  readonly alternatives: readonly (readonly string[])[]
  /** Its standard input. */
  readonly input: string
}

/** What became of a run. `ended`: by itself, with exit code 0; `crashed`: in another way; the others were ended by us. */
export interface ProgramOutcome {
  readonly status: "ended" | "crashed" | "syntax" | "timeout" | "memory" | "flood"
  /** How it ended, or what the compiler said. */
  readonly detail: string
  /** SHA-256 of the output as `comparable` makes it. */
  readonly digest: string
  /** The first of its standard output, at most 2,048 UTF-16 units. */
  readonly output: string
  /** The last of its standard error, at most 2,048. */
  readonly errors: string
}

/** Most output of a run, in bytes; more ends it. */
const maxOutputBytes = 16 << 20
const maxErrorBytes = 4 << 20
const outputExcerpt = 2_048
const errorExcerpt = 2_048

/** Output as it is compared: no white space at the end of a line or of the whole. */
export const comparable = (output: string): string =>
  output
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .trimEnd()

/** The digest by which outputs are compared. */
export const outputDigest = (output: string): string =>
  createHash("sha256").update(comparable(output.toWellFormed())).digest("hex")

/** Runs a program on an input. The sandbox is used up. Rejects with the signal's reason when that aborts. */
export async function runProgram(
  sandbox: Sandbox,
  { alternatives, input }: ProgramJob,
  limits: RunLimits,
  signal: AbortSignal,
): Promise<ProgramOutcome> {
  const {
    promise: stopped,
    resolve: stop,
    reject: abandon,
  } = Promise.withResolvers<[ProgramOutcome["status"], string]>()
  const onAbort = () => abandon(signal.reason)
  signal.addEventListener("abort", onAbort, { once: true })
  const timer = setTimeout(() => stop(["timeout", `no end within ${limits.timeoutMs} ms`]), limits.timeoutMs)
  const megabytes = Math.round(limits.memoryBytes / (1 << 20))
  const unwatch = watchMemory(sandbox.pid!, limits.memoryBytes, () =>
    stop(["memory", `over ${megabytes} MB of memory`]),
  )
  const flood = (stream: string) => () => stop(["flood", `too much on standard ${stream}`])
  const output = collect(sandbox.stdout, maxOutputBytes, flood("output"))
  const errors = collect(sandbox.stderr, maxErrorBytes, flood("error"))
  const said = collect(sandbox.channel(0), 4_096, () => {})
  sandbox.channel(0).write(frame(asciiJson({ alternatives, limits: processLimits(limits) })))
  sandbox.channel(0).write(frame(Buffer.from(input.toWellFormed())))
  try {
    signal.throwIfAborted()
    const end = Promise.all([sandbox.ended, output.done, errors.done, said.done])
    const [status, detail] = await Promise.race([
      stopped,
      end.then(([how]): [ProgramOutcome["status"], string] => {
        const fault = said.bytes().toString("utf8")
        if (fault !== "") return ["syntax", fault]
        if (how.code === 0) return ["ended", ""]
        return how.signal === cpuLimitSignal ? ["timeout", "CPU time limit"] : ["crashed", endText(how)]
      }),
    ])
    const text = output.bytes().toString("utf8")
    return {
      status,
      detail,
      digest: outputDigest(text),
      output: text.slice(0, outputExcerpt).toWellFormed(),
      errors: errors.bytes().toString("utf8").slice(-errorExcerpt).toWellFormed(),
    }
  } finally {
    clearTimeout(timer)
    unwatch()
    signal.removeEventListener("abort", onAbort)
    sandbox.kill()
    await sandbox.ended
  }
}

/** Reads a stream up to a limit; `over` is called once beyond it. */
function collect(stream: Socket, maxBytes: number, over: () => void) {
  const parts: Buffer[] = []
  let length = 0
  const done = Promise.withResolvers<void>()
  stream.on("data", (part: Buffer) => {
    if (length + part.length > maxBytes) {
      stream.pause()
      over()
      return
    }
    length += part.length
    parts.push(part)
  })
  for (const event of ["end", "close"]) stream.once(event, () => done.resolve())
  stream.resume()
  return { done: done.promise, bytes: () => Buffer.concat(parts) }
}
