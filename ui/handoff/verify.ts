import { usageError } from "../../pipelines/runtime/errors.ts"
import type { HandoffCommandOptions } from "../commands/handoff.ts"

/** `cotyledon handoff verify DIR`. */
export async function verifyFolder(folder: string, _options: HandoffCommandOptions): Promise<void> {
  throw usageError({ what: "Verifying is not here yet", where: folder })
}
