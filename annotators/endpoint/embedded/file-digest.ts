import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { stat } from "node:fs/promises"
import { pipeline } from "node:stream/promises"

/** SHA-256 of a file's bytes, hex. Rejects with the file system's error, or the signal's reason. */
export async function fileDigest(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256")
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, signal ? { signal } : {})
  return hash.digest("hex")
}

/** How a file differs from the pinned one, as the words of an error; null when it is that very file. */
export async function fileMismatch(
  path: string,
  pinned: { bytes: number; sha256: string },
  signal?: AbortSignal,
): Promise<{ expected: string; got: string } | null> {
  const { size } = await stat(path)
  if (size !== pinned.bytes) return { expected: `${pinned.bytes} bytes`, got: `${size} bytes` }
  const sha256 = await fileDigest(path, signal)
  return sha256 === pinned.sha256 ? null : { expected: `sha256 ${pinned.sha256}`, got: sha256 }
}
