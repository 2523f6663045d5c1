import { open, stat } from "node:fs/promises"
import { setTimeout as sleep } from "node:timers/promises"
import { EnvHttpProxyAgent, fetch, type Response } from "undici"
import type { EmbeddedModel } from "./catalogue.ts"

// A hub that cannot be reached must be given up quickly, because another source may have the file; once bytes flow, a
// silence of half a minute is a cut connection and the download goes on from where it stopped.
const connectTimeoutMs = 5_000
const headersTimeoutMs = 10_000
const idleTimeoutMs = 30_000
const attemptsWithoutProgress = 4

/**
 * Downloads a model's file from the Hugging Face hub into `partial`, continuing from the bytes that are there (HTTP
 * Range). On return the file has the pinned size; its digest is the caller's to check. Rejects with a short reason.
 */
export async function downloadFromHub(
  model: EmbeddedModel,
  partial: string,
  options: { endpoint: string; signal?: AbortSignal | undefined; onBytes?: (done: number) => void },
): Promise<void> {
  const url = `${options.endpoint.replace(/\/+$/, "")}/${model.hub.repo}/resolve/${model.hub.revision}/${model.hub.file}`
  const agent = new EnvHttpProxyAgent({
    connect: { timeout: connectTimeoutMs },
    headersTimeout: headersTimeoutMs,
    bodyTimeout: idleTimeoutMs,
  })
  let connected = false
  let failures = 0
  try {
    for (;;) {
      options.signal?.throwIfAborted()
      const before = await sizeOf(partial)
      if (before === model.bytes) return
      try {
        const offset = before > model.bytes ? 0 : before
        const response = await fetch(url, {
          dispatcher: agent,
          headers: offset > 0 ? { range: `bytes=${offset}-` } : {},
          signal: options.signal ?? null,
        })
        connected = true
        await store(response, partial, offset, model.bytes, options.onBytes)
      } catch (error) {
        options.signal?.throwIfAborted()
        if (error instanceof Refusal || isFileError(error)) throw error
        if (!connected) throw new Error(`cannot reach ${new URL(url).host}: ${reasonOf(error)}`)
        failures = (await sizeOf(partial)) > before ? 0 : failures + 1
        if (failures >= attemptsWithoutProgress) throw new Error(`cut at byte ${before}: ${reasonOf(error)}`)
        await sleep(250 * 2 ** failures, undefined, options.signal ? { signal: options.signal } : {})
      }
    }
  } finally {
    await agent.destroy()
  }
}

/** The server answered, and asking again would not help. */
class Refusal extends Error {}

async function store(
  response: Response,
  partial: string,
  offset: number,
  bytes: number,
  onBytes?: (done: number) => void,
): Promise<void> {
  if (response.status >= 500 || response.status === 429) {
    await response.body?.cancel()
    throw new Error(`HTTP ${response.status}`)
  }
  if (response.status !== 200 && response.status !== 206) {
    await response.body?.cancel()
    throw new Refusal(`HTTP ${response.status} from ${new URL(response.url).host}`)
  }
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "")
  const start = response.status === 206 && range ? Number(range[1]) : 0
  const total = range ? Number(range[2]) : start + Number(response.headers.get("content-length") ?? Number.NaN)
  if (start !== 0 && start !== offset) throw new Refusal(`asked for bytes from ${offset}, got them from ${start}`)
  if (Number.isFinite(total) && total !== bytes) {
    await response.body?.cancel()
    throw new Refusal(`the file there has ${total} bytes, not ${bytes}`)
  }
  const file = await open(partial, start === 0 ? "w" : "a")
  try {
    let done = start
    for await (const chunk of response.body ?? []) {
      done += chunk.byteLength
      if (done > bytes) throw new Refusal(`the file there is longer than ${bytes} bytes`)
      await file.appendFile(chunk)
      onBytes?.(done)
    }
    if (done < bytes) throw new Error(`the connection ended at byte ${done}`)
  } finally {
    await file.close()
  }
}

const sizeOf = (path: string) =>
  stat(path).then(
    (file) => file.size,
    () => 0,
  )

/** An error of this machine's file system: the hub is not to blame, and asking it again would not help. */
const isFileError = (error: unknown) =>
  error instanceof Error && "syscall" in error && /^(open|write|stat)$/.test(String(error.syscall))

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}
