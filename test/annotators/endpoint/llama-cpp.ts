// llama.cpp's own HTTP server, by PyPI's `xllamacpp` in a Python of the user's: an OpenAI-compatible server that is none of ours.
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { createInterface } from "node:readline"

const python = process.env.COTYLEDON_PYTHON ?? "python3"

/** Why that server cannot be had; null where it can. */
export const withoutLlamaCpp: string | null = (() => {
  const { status, stderr, error } = spawnSync(python, ["-c", "import xllamacpp"], { encoding: "utf8" })
  if (status === 0) return null
  const why = error?.message ?? stderr.trim().split("\n").at(-1)
  return `no xllamacpp for ${python} (set COTYLEDON_PYTHON): ${why}`
})()

// Its log goes to the standard output too; it ends with its standard input.
const script = `
import json, os, sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.model_alias = {sys.argv[2]}
params.n_ctx = 1024
params.n_parallel = 2
params.cpuparams.n_threads = 1
params.warmup = False
params.endpoint_metrics = True
server = xllamacpp.Server(params)
print("listening at " + server.listening_address, flush=True)
sys.stdin.read()
os._exit(0)
`

/** A running server of llama.cpp with two slots of 512 tokens. */
export interface LlamaCpp {
  /** Up to the port. */
  address: string
  close(): Promise<void>
}

export async function startLlamaCpp(weightsPath: string, alias: string): Promise<LlamaCpp> {
  const child: ChildProcess = spawn(python, ["-c", script, weightsPath, alias], { stdio: ["pipe", "pipe", "ignore"] })
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()))
  for await (const line of createInterface({ input: child.stdout! })) {
    const address = /^listening at (http:\S+)$/.exec(line)?.[1]
    if (address === undefined) continue
    child.stdout!.resume()
    return {
      address,
      async close() {
        child.stdin!.end()
        await ended
      },
    }
  }
  throw new Error("llama.cpp's server ended before it listened")
}
