import { createHash } from "node:crypto"
import { endianness } from "node:os"

/** The ids as little-endian bytes, whatever the machine; a copy of the array's memory. */
export function int32Bytes(ids: Int32Array): Buffer {
  const bytes = Buffer.from(ids.slice().buffer)
  return endianness() === "LE" ? bytes : bytes.swap32()
}

/** SHA-256 over the ids as little-endian bytes, in hex. */
export const int32Sha256 = (ids: Int32Array): string => createHash("sha256").update(int32Bytes(ids)).digest("hex")
