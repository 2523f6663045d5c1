import { usageError } from "../../pipelines/runtime/errors.ts"
import type { CommonOptions } from "../options.ts"

export interface HandoffCommandOptions extends CommonOptions {
  to?: string
  model?: string
  maxLength?: number
  overLong?: string
  sequenceLength?: number
  tokenizer?: string
  template?: string
  trainEmptyBlock?: boolean
  quick: boolean
  full: boolean
}

/** `cotyledon handoff RUN --to DIR`, `cotyledon handoff verify DIR`. */
export async function handoff(
  target: string,
  folder: string | undefined,
  options: HandoffCommandOptions,
): Promise<void> {
  if (target === "verify" && folder !== undefined)
    return (await import("../handoff/verify.ts")).verifyFolder(folder, options)
  if (target === "verify" && folder === undefined)
    throw usageError({ what: "Verify which folder", expected: "cotyledon handoff verify DIR", got: "no folder" })
  if (folder !== undefined)
    throw usageError({
      what: "Two folders are one too many",
      expected: "cotyledon handoff RUN --to DIR, or cotyledon handoff verify DIR",
      got: `${target} ${folder}`,
    })
  return (await import("../handoff/write.ts")).writeFolder(target, options)
}
