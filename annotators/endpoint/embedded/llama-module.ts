import { createRequire } from "node:module"
import { usageError } from "../../../pipelines/runtime/errors.ts"

/** `node-llama-cpp`, an optional peer that is loaded only where a model runs. */
export type LlamaModule = typeof import("node-llama-cpp")

const version = "3.21.1"

/** Loads `node-llama-cpp`. Throws a usage error that says how to install it when it is absent. */
export async function loadLlamaModule(): Promise<LlamaModule> {
  requireLlamaModule()
  return await import("node-llama-cpp")
}

/** Throws the same usage error without loading anything. */
export function requireLlamaModule(resolve: (name: string) => string = createRequire(import.meta.url).resolve): void {
  try {
    resolve("node-llama-cpp")
  } catch (error) {
    throw usageError(
      {
        what: "the embedded model needs the package node-llama-cpp, which is not installed",
        remedy: `npm i node-llama-cpp@${version}`,
      },
      error,
    )
  }
}
