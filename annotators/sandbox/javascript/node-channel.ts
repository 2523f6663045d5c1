// biome-ignore-all lint/suspicious/noExplicitAny: values of programs and of tests have any shape
import type { Wire } from "./codec.ts"

/** Blocking reads and writes of descriptor 3, in Node. */
export interface NodeChannel {
  read(count: number): Buffer
  write(bytes: Uint8Array): void
  /** The next frame: 4 bytes of length, big-endian, and JSON; `read` gives bytes of the stream. */
  receive(read?: (count: number) => Buffer): any
  /** A value as a frame. */
  frame(value: Wire): Buffer
}

/** Self-contained. */
export function nodeChannel(require: NodeJS.Require): NodeChannel {
  const { readSync, writeSync } = require("node:fs") as typeof import("node:fs")
  const { alloc, allocUnsafe, byteLength } = Buffer
  const { parse, stringify } = JSON
  const maxFrame = 1 << 25
  const read = (count: number) => {
    const bytes = allocUnsafe(count)
    for (let at = 0; at < count; ) {
      const got = readSync(3, bytes, at, count - at, null)
      if (got === 0) throw new Error("the channel is closed")
      at += got
    }
    return bytes
  }
  return {
    read,
    write(bytes) {
      for (let at = 0; at < bytes.length; ) at += writeSync(3, bytes, at)
    },
    receive(of = read) {
      const size = of(4).readUInt32BE()
      if (size > maxFrame) throw new RangeError(`a value of more than ${maxFrame} bytes`)
      return parse(of(size).toString("utf8"))
    },
    frame(value) {
      const text = stringify(value)
      const size = byteLength(text)
      if (size > maxFrame) throw new RangeError(`a value of more than ${maxFrame} bytes`)
      const bytes = alloc(4 + size)
      bytes.writeUInt32BE(size)
      bytes.write(text, 4)
      return bytes
    },
  }
}
