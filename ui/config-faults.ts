import { type CotyledonError, usageError } from "../pipelines/runtime/errors.ts"
import type { Fault } from "../schemas/strict.ts"

/** The first fault of a config as a usage error that names the key; the others by their keys. */
export function configError(
  what: string,
  [first, ...more]: readonly Fault[],
  { where, remedy }: { where: string; remedy: string },
): CotyledonError {
  const { path, what: fault, suggestion } = first!
  return usageError({
    what: `${what}: ${path === "" ? fault : `${path}: ${fault}`}`,
    where,
    ...(more.length > 0 && { got: `${more.length} more: ${more.map((other) => other.path).join(", ")}` }),
    remedy: suggestion === undefined ? remedy : `Did you mean ${suggestion}?`,
  })
}
