import { usageError } from "./errors.ts"

/**
 * Throws a usage error unless a persisted file has the format that this version reads and writes. There is one format of each kind so
 * far, so nothing is migrated: a version that changes one reads the older as well, here.
 */
export function expectFormat(what: string, where: string, found: unknown, known = 1): void {
  if (found === known) return
  const newer = typeof found === "number" && found > known
  throw usageError({
    what: newer ? `${what} was made by a newer version of cotyledon` : `${what} has a format that is not known`,
    where,
    expected: `format ${known}`,
    got: found === undefined ? "none" : JSON.stringify(found).slice(0, 60),
    remedy: newer ? "Update cotyledon, or take another folder." : "Take another folder, or the version that made it.",
  })
}
