import { createHash } from "node:crypto"

/**
 * A seed from 0 to 2^31 - 1 for one part of a run: the first 31 bits of the SHA-256 of the run's seed and the parts (row
 * ids, sample indices). Equal arguments give equal seeds on every machine.
 */
export function seedOf(base: number, ...parts: (number | string)[]): number {
  return (
    createHash("sha256")
      .update(JSON.stringify([base, ...parts]))
      .digest()
      .readUInt32BE(0) >>> 1
  )
}
