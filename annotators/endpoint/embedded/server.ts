import { once } from "node:events"
import { createServer } from "node:http"
import { type AddressInfo, isIP } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { usageError } from "../../../pipelines/runtime/errors.ts"
import type { EmbeddedModel } from "./catalogue.ts"
import { GenerationPool, type PoolOptions } from "./pool.ts"
import { Service } from "./service.ts"

export interface ServerOptions extends Omit<PoolOptions, "modelPath"> {
  model: EmbeddedModel
  /** The model's file, checked already. */
  weightsPath: string
  /** Default 127.0.0.1: this machine alone. */
  host?: string | undefined
  /** Default 0: a free one. */
  port?: number | undefined
  /** Longest request body; default 4 MiB. */
  maxBodyBytes?: number | undefined
}

export interface EmbeddedServer {
  host: string
  port: number
  /** Up to `/v1`. */
  baseUrl: string
  /** Refuses new requests with 503 and gives those that were let in up to `graceMs` to be answered; `close` still follows. */
  drain(graceMs: number): Promise<void>
  /** Refuses new requests, ends running ones and frees the model. */
  close(): Promise<void>
}

const closeGraceMs = 1_000

/** Serves one model with OpenAI's completions and chats. Rejects when it cannot listen or the model cannot be loaded. */
export async function startServer(options: ServerOptions): Promise<EmbeddedServer> {
  const { host = "127.0.0.1", port = 0, maxBodyBytes = 4 << 20 } = options
  const pool = await GenerationPool.open({ ...options, modelPath: options.weightsPath })
  const service = new Service(pool, options.model, host, maxBodyBytes)
  const server = createServer((request, response) => void service.respond(request, response))
  // Longer than the pauses of a client, which would else write into a connection that is being closed.
  server.keepAliveTimeout = 120_000
  try {
    server.listen(port, host)
    await once(server, "listening")
  } catch (error) {
    await pool.close()
    const got = (error as NodeJS.ErrnoException).code ?? String(error)
    throw usageError(
      { what: "cannot listen", where: `${host}:${port}`, got, remedy: "choose another --host or --port" },
      error,
    )
  }
  const bound = (server.address() as AddressInfo).port
  return {
    host,
    port: bound,
    baseUrl: `http://${isIP(host) === 6 ? `[${host}]` : host}:${bound}/v1`,
    async drain(graceMs) {
      await Promise.race([service.drain(), sleep(graceMs, undefined, { ref: false })])
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeIdleConnections()
      const ended = pool.close()
      // Time to say so to the clients; one that does not read must not hold up the end.
      await Promise.race([ended, sleep(closeGraceMs, undefined, { ref: false })])
      server.closeAllConnections()
      await ended
      await closed
    },
  }
}
