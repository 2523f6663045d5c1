// The embedded model's server as a process of its own. Its options are JSON in its only argument; it says on stdout, in
// one line of JSON, where it listens or why it does not. It ends when its standard input closes, so that it cannot outlive
// whoever started it, or by a signal: what it has let in may still be answered for a while; a signal after that ends it at once.
import { CotyledonError, exitCode } from "../../../pipelines/runtime/errors.ts"
import { type EmbeddedServer, type ServerOptions, startServer } from "./server.ts"

/** The line that the server says once on stdout. */
export type ServerGreeting =
  | { event: "listening"; baseUrl: string; port: number; contexts: number | null }
  | { event: "failed"; complaint: CotyledonError["complaint"]; exit: CotyledonError["exit"] }

/** What the process is told: the server's options, and how long requests may take to end. */
export type ServeOptions = ServerOptions & { graceMs: number }

const say = (greeting: ServerGreeting, then?: () => void) => process.stdout.write(`${JSON.stringify(greeting)}\n`, then)

let server: EmbeddedServer | null = null
let ending = false
let closing = false

async function end(): Promise<void> {
  if (ending) return
  ending = true
  await server?.drain(options.graceMs)
  await close()
}

async function close(): Promise<void> {
  if (closing) return
  closing = true
  // Whatever hangs while closing, the process must go.
  setTimeout(() => process.exit(exitCode.stopped), 5_000).unref()
  await server?.close()
  process.exit(exitCode.done)
}

const onSignal = () => void (ending ? close() : end())

const options: ServeOptions = JSON.parse(process.argv[2] ?? "{}")
process.stdin.on("end", end).on("error", end).on("close", end).resume()
process.on("SIGTERM", onSignal).on("SIGINT", onSignal)
process.stdout.on("error", end)

try {
  server = await startServer(options)
  say({ event: "listening", baseUrl: server.baseUrl, port: server.port, contexts: options.contexts ?? null })
  if (ending) await server.close()
} catch (error) {
  const known = error instanceof CotyledonError
  const complaint = known ? error.complaint : { what: `the embedded model's server failed: ${String(error)}` }
  const exit = known ? error.exit : exitCode.stopped
  say({ event: "failed", complaint, exit }, () => process.exit(exit))
}
