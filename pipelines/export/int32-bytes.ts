import { hash } from "node:crypto"
import { endianness } from "node:os"

/** The ids as little-endian bytes, whatever the machine: the array's own memory where that is what it holds, else a copy. */
export function int32Bytes(ids: Int32Array): Buffer {
  if (endianness() === "LE") return Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength)
  return Buffer.from(ids.slice().buffer).swap32()
}

/** SHA-256 over the ids as little-endian bytes, in hex. */
export const int32Sha256 = (ids: Int32Array): string => hash("sha256", int32Bytes(ids))
