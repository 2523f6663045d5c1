import { open, readdir } from "node:fs/promises"
import { join } from "node:path"
import { payloadOf } from "./record-file.ts"

/** Who answered as each identity, as servers reported it; the latest first, each name once. */
export type AnsweredBefore = ReadonlyMap<string, { model: string; fingerprint: string | null }[]>

const tailBytes = 4 << 20

/**
 * Who answered last, by the ends of a ledger's latest segments (4 MiB in all): enough for saying that somebody else answers now. A
 * ledger that is not there, and a record that cannot be read, tell nothing.
 */
export async function answeredBefore(folder: string): Promise<AnsweredBefore> {
  const answered = new Map<string, { model: string; fingerprint: string | null }[]>()
  const segments = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".log")).sort()
  let left = tailBytes
  for (const segment of segments.reverse()) {
    if (left <= 0) break
    const tail = await tailOf(join(folder, segment), left)
    left -= tail.length
    for (let end = tail.lastIndexOf(10); end >= 0; ) {
      const begin = end === 0 ? -1 : tail.lastIndexOf(10, end - 1)
      take(answered, payloadOf(tail.subarray(begin + 1, end)))
      end = begin
    }
  }
  return answered
}

async function tailOf(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path).catch(() => null)
  if (file === null) return Buffer.alloc(0)
  try {
    const { size } = await file.stat()
    const length = Math.min(size, bytes)
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

function take(answered: Map<string, { model: string; fingerprint: string | null }[]>, payload: string | null): void {
  if (payload === null) return
  const { kind, identity, value } = JSON.parse(payload) as { kind: string; identity: string; value: unknown }
  const { model, fingerprint } = (value ?? {}) as { model?: unknown; fingerprint?: unknown }
  if (kind !== "chat" || typeof model !== "string") return
  const known = answered.get(identity) ?? []
  answered.set(identity, known)
  const name = { model, fingerprint: typeof fingerprint === "string" ? fingerprint : null }
  if (!known.some((each) => each.model === name.model && each.fingerprint === name.fingerprint)) known.push(name)
}
