import type { Socket } from "node:net"

/** Bytes with their length before them, 4 bytes big-endian: how the harnesses are spoken to. */
export function frame(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(bytes.length)
  return Buffer.concat([head, bytes])
}

/** A JSON value as a frame. ASCII alone, so that every character of a hostile text survives, lone surrogates too. */
export const jsonFrame = (value: unknown): Buffer =>
  frame(
    Buffer.from(
      JSON.stringify(value).replace(
        /[\u007f-\uffff]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
      ),
    ),
  )

/** The next frame of a trusted harness as JSON, or null when the channel ends before one is whole or holds over `maxBytes`. */
export async function readJsonFrame(channel: Socket, maxBytes = 1 << 20): Promise<unknown> {
  let bytes = Buffer.alloc(0)
  const { promise, resolve } = Promise.withResolvers<unknown>()
  channel.on("data", (part: Buffer) => {
    bytes = Buffer.concat([bytes, part])
    if (bytes.length < 4) return
    const size = bytes.readUInt32BE()
    if (size > maxBytes) resolve(null)
    else if (bytes.length >= 4 + size) resolve(parsed(bytes.subarray(4, 4 + size).toString("latin1")))
  })
  for (const event of ["end", "close"]) channel.on(event, () => resolve(null))
  channel.resume()
  return await promise
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
