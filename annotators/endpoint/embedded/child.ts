import { spawn } from "node:child_process"
import { availableParallelism } from "node:os"
import { extname } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { CotyledonError, stopError, usageError } from "../../../pipelines/runtime/errors.ts"
import { defaultModelName, findModel } from "./catalogue.ts"
import { requireLlamaModule } from "./llama-module.ts"
import type { ServeOptions, ServerGreeting } from "./serve-main.ts"
import { getWeights, type WeightsProgress } from "./weights.ts"

export interface EmbeddedOptions {
  /** Name in the catalogue; default smollm2-135m-instruct. */
  model?: string | undefined
  /** Generations at once; default: the cores of the machine. */
  contexts?: number | undefined
  /** Tokens of prompt and answer together; default 2,048. */
  contextTokens?: number | undefined
  /** Further contexts that keep the state of prompts seen before; default 4. */
  spareContexts?: number | undefined
  /** Requests that may wait before one is refused with 429; default 256. */
  maxWaiting?: number | undefined
  /** Default 127.0.0.1. */
  host?: string | undefined
  /** Default 0: a free one. */
  port?: number | undefined
  /** How long requests that were let in may take to be answered once the server is told to end, in ms; default 2,000. */
  graceMs?: number | undefined
  /** Ends the start, or the server when it runs. */
  signal?: AbortSignal | undefined
  onProgress?: ((progress: WeightsProgress) => void) | undefined
}

/** A running server. */
export interface EmbeddedEndpoint {
  /** Up to `/v1`. */
  baseUrl: string
  /** Name of the model and SHA-256 of its weights: whose answers these are. */
  identity: string
  model: string
  pid: number
  /** Resolves when the server has ended: null when it was closed, else an error with its last words. Never rejects. */
  ended: Promise<CotyledonError | null>
  /** Ends the server, after its time of grace, and waits for it. */
  close(): Promise<void>
}

// The same file in the source tree and in the build, where it ends in .js.
const serverProgram = fileURLToPath(new URL(`./serve-main${extname(import.meta.url)}`, import.meta.url))

/** Time to close in after the time of grace. */
const closeTimeoutMs = 8_000

/**
 * Starts the embedded model's server as a child process: its weights first, then the process, which is ready when this
 * resolves. The child is in a process group of its own, so that a terminal's Ctrl-C does not reach it, and ends when this
 * process does, however that comes about.
 */
export async function startEmbedded(options: EmbeddedOptions = {}): Promise<EmbeddedEndpoint> {
  const { signal, onProgress, model: name = defaultModelName, graceMs = 2_000, ...serving } = options
  requireLlamaModule()
  const model = findModel(name)
  const weights = await getWeights(name, { signal, onProgress })
  signal?.throwIfAborted()
  const request: ServeOptions = { ...serving, model, weightsPath: weights.path, graceMs }
  const threads = (options.contexts ?? availableParallelism()) + 2
  const child = spawn(process.execPath, [serverProgram, JSON.stringify(request)], {
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    // Each generation occupies one thread of libuv's pool, of which there are four by default.
    env: { ...process.env, UV_THREADPOOL_SIZE: String(Math.max(4, threads)) },
  })
  let lastWords = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    lastWords = (lastWords + text).slice(-4_000)
  })
  let closing = false
  const ended = new Promise<CotyledonError | null>((resolve) => {
    child.on("error", (error) => resolve(endError(model.name, error.message, lastWords)))
    child.on("close", (code, killedBy) =>
      resolve(closing ? null : endError(model.name, killedBy ?? `exit code ${code}`, lastWords)),
    )
  })
  const close = async () => {
    closing = true
    child.stdin.end()
    const force = setTimeout(() => child.kill("SIGKILL"), graceMs + closeTimeoutMs)
    await ended
    clearTimeout(force)
  }
  // The child may be gone before what is written to it arrives.
  child.stdin.on("error", () => undefined)

  // Whoever leaves without waiting leaves nobody behind.
  const onExit = () => void child.kill("SIGKILL")
  process.once("exit", onExit)
  void ended.then(() => process.off("exit", onExit))
  const onAbort = () => void close()
  signal?.addEventListener("abort", onAbort, { once: true })
  void ended.then(() => signal?.removeEventListener("abort", onAbort))
  const greeting = await Promise.race([firstLine(child.stdout), ended])
  if (signal?.aborted) {
    await close()
    throw signal.reason
  }
  if (greeting === null || greeting instanceof CotyledonError)
    throw greeting ?? (await ended) ?? endError(model.name, "no word", lastWords)
  const said = JSON.parse(greeting) as ServerGreeting
  if (said.event === "failed") {
    await close()
    throw said.exit === 2 ? usageError(said.complaint) : stopError(said.complaint)
  }
  // A caller that forgets to close is not kept alive by the child; the child sees its standard input close.
  child.unref()
  for (const pipe of [child.stdin, child.stdout, child.stderr]) (pipe as unknown as { unref(): void }).unref()
  child.stdout.resume()
  return {
    baseUrl: said.baseUrl,
    identity: `${model.name}@sha256:${weights.sha256}`,
    model: model.name,
    pid: child.pid ?? -1,
    ended,
    close,
  }
}

/**
 * Serves until `signal` aborts: what `models serve` does in the foreground. `onListening` is called once with where.
 * Rejects when the server ends by itself.
 */
export async function serveModel(
  options: EmbeddedOptions & { onListening?: (endpoint: EmbeddedEndpoint) => void },
): Promise<void> {
  const { onListening, ...embedded } = options
  const endpoint = await startEmbedded(embedded)
  onListening?.(endpoint)
  // The child and its pipes do not keep this process alive; serving does.
  const alive = setInterval(() => undefined, 60_000)
  const error = await endpoint.ended.finally(() => clearInterval(alive))
  if (error) throw error
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string | null> {
  const lines = createInterface({ input: stream })
  try {
    for await (const line of lines) return line
    return null
  } finally {
    lines.close()
  }
}

function endError(model: string, how: string, lastWords: string): CotyledonError {
  const words = lastWords.trim().split("\n").at(-1)
  return stopError({
    what: `the server of the embedded model ${model} ended by itself`,
    got: words ? `${how}: ${words}` : how,
    remedy: "run it again; with little memory use fewer contexts, or `cotyledon models serve` elsewhere",
  })
}
