// The embedded model's server as a process of its own. Its options are JSON in its only argument; it says on stdout, in
// one line of JSON, where it listens or why it does not, and ends when its standard input closes, so that it cannot
// outlive whoever started it.
import { CotyledonError, exitCode } from "../../../pipelines/runtime/errors.ts"
import { type EmbeddedServer, type ServerOptions, startServer } from "./server.ts"

/** The line that the server says once on stdout. */
export type ServerGreeting =
  | { event: "listening"; baseUrl: string; port: number; contexts: number | null }
  | { event: "failed"; complaint: CotyledonError["complaint"]; exit: CotyledonError["exit"] }

const say = (greeting: ServerGreeting, then?: () => void) => process.stdout.write(`${JSON.stringify(greeting)}\n`, then)

let server: EmbeddedServer | null = null
let ending = false

async function end(): Promise<void> {
  if (ending) return
  ending = true
  // Whatever hangs while closing, the process must go.
  setTimeout(() => process.exit(exitCode.stopped), 5_000).unref()
  await server?.close()
  process.exit(exitCode.done)
}

process.stdin.on("end", end).on("error", end).on("close", end).resume()
process.on("SIGTERM", end).on("SIGINT", end)
process.stdout.on("error", end)

try {
  const options: ServerOptions = JSON.parse(process.argv[2] ?? "{}")
  server = await startServer(options)
  say({ event: "listening", baseUrl: server.baseUrl, port: server.port, contexts: options.contexts ?? null })
  if (ending) await server.close()
} catch (error) {
  const known = error instanceof CotyledonError
  const complaint = known ? error.complaint : { what: `the embedded model's server failed: ${String(error)}` }
  const exit = known ? error.exit : exitCode.stopped
  say({ event: "failed", complaint, exit }, () => process.exit(exit))
}
