import { extname, resolve } from "node:path"
import type { Verifier } from "../../annotators/verifiers/verifier.ts"
import { importDefault } from "../../pipelines/recipes.ts"
import { usageError } from "../../pipelines/runtime/errors.ts"
import { findVerifier } from "../find-step.ts"

/** Whether a verifier is named by the path of a module. */
export const isVerifierPath = (reference: string): boolean => [".ts", ".js", ".mjs"].includes(extname(reference))

/** A verifier by its id or, for one of the user's own, by the path of a module whose default export it is. */
export async function loadVerifier(reference: string): Promise<Verifier> {
  if (!isVerifierPath(reference)) return findVerifier(reference).build()
  const path = resolve(reference)
  const loaded = await importDefault(path).catch((error: unknown) => {
    throw usageError(
      { what: "Cannot load the verifier", where: reference, got: (error as Error).message.split("\n")[0] },
      error,
    )
  })
  if (isVerifier(loaded)) return loaded
  throw usageError({
    what: "The module is no verifier",
    where: reference,
    expected: "a default export {kind: rule or program, id, options, fault(), verify()}",
    remedy: "annotators/verifiers/multiple-choice.ts is one to look at.",
  })
}

const isVerifier = (value: unknown): value is Verifier => {
  const { kind, id, options, verify } = (value ?? {}) as Partial<Verifier>
  return (kind === "rule" || kind === "program") && typeof id === "string" && !!options && typeof verify === "function"
}
