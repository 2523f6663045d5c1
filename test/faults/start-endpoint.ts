// The stand-in for a model server, in a process of its own.
import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { rm } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { afterAll } from "vitest"
import type { FakeEndpointOptions } from "./fake-endpoint.ts"
import { newFolder } from "./scene.ts"

const program = fileURLToPath(new URL("./fake-endpoint.ts", import.meta.url))
const started = new Set<FakeEndpoint>()

afterAll(async () => {
  await Promise.all([...started].map((endpoint) => endpoint.kill()))
})

/** A running stand-in. It ends with the tests of its file. */
export class FakeEndpoint {
  readonly port: number
  readonly #child: ChildProcess
  readonly #log: string

  constructor(child: ChildProcess, port: number, log: string) {
    this.#child = child
    this.port = port
    this.#log = log
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/v1`
  }

  /** Hashes of the bodies of all requests so far, in order. */
  requests(): string[] {
    try {
      return readFileSync(this.#log, "utf8").split("\n").slice(0, -1)
    } catch {
      return []
    }
  }

  /** Forgets the requests so far. */
  async forget(): Promise<void> {
    await rm(this.#log, { force: true })
  }

  /** Ends it as a crash does; its log stays. */
  async kill(): Promise<void> {
    started.delete(this)
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise((resolve) => this.#child.once("close", resolve))
    this.#child.kill("SIGKILL")
    await ended
  }
}

/** Starts a stand-in; with `port` on that port. */
export async function startEndpoint(options: FakeEndpointOptions = {}): Promise<FakeEndpoint> {
  const log = options.log ?? `${await newFolder()}/requests.log`
  const child = spawn(process.execPath, [program, JSON.stringify({ ...options, log })], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.once("data", (text: Buffer) => resolve(Number(text.toString())))
    child.once("close", (code) => reject(new Error(`the fake endpoint ended with ${code}`)))
  })
  const endpoint = new FakeEndpoint(child, port, log)
  started.add(endpoint)
  return endpoint
}

/** How many requests were asked again. */
export const repeats = (requests: readonly string[]): number => requests.length - new Set(requests).size
