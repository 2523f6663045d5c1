import { readFileSync } from "node:fs"
import { stopError } from "../../pipelines/runtime/errors.ts"

// The part of WebAssembly that is used; its types come with those of browsers only.
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array)
  }
  class Instance {
    constructor(module: Module)
    readonly exports: unknown
  }
}

/** What `wasm/kernel.ts` exports; addresses and sizes are in bytes. */
export interface KernelExports {
  memory: { readonly buffer: ArrayBuffer }
  allocate(bytes: number): number
  kindsTable(): number
  combiningClassesTable(): number
  byteIdsTable(): number
  setMerges(triples: number, count: number, table: number, size: number, results: number): void
  setNormalizationTables(decomposed: number, decomposedSize: number, composed: number, composedSize: number): void
  addDecomposition(codePoint: number, parts: number): void
  addComposition(first: number, second: number, composite: number): void
  start(): void
  begin(bytes: number, rows: number): void
  text(): number
  rowEnds(): number
  run(): number
  count(): number
  ids(): number
  rowCounts(): number
  faultRow(): number
  faultByte(): number
  /** How often a pair was looked up or a heap's entry moved, since the start. */
  steps: { readonly value: bigint }
}

let compiled: WebAssembly.Module | undefined

/** A kernel of its own memory. Throws a stopError where the build has not made `tokenizer.wasm`. */
export function instantiateKernel(): KernelExports {
  compiled ??= new WebAssembly.Module(readModule())
  return new WebAssembly.Instance(compiled).exports as KernelExports
}

function readModule(): Uint8Array {
  const url = new URL("./tokenizer.wasm", import.meta.url)
  try {
    return readFileSync(url)
  } catch (error) {
    throw stopError(
      {
        what: "The tokenizer's kernel cannot be read",
        where: url.pathname,
        got: (error as NodeJS.ErrnoException).code ?? String(error),
        remedy: "npm run build makes it.",
      },
      error,
    )
  }
}
