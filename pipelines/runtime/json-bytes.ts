/** The longest a 32-bit integer and its comma are. */
const longest = "-2147483648,".length

const [zero, comma, minus, quote, backslash, space] = [48, 44, 45, 34, 92, 32]

/** How `JSON.stringify` escapes the characters that it does: those below a space, the quote and the backslash. */
const escapes: readonly (Uint8Array | undefined)[] = Array.from({ length: 93 }, (_, code) => {
  const text = JSON.stringify(String.fromCharCode(code)).slice(1, -1)
  return text.length > 1 ? Buffer.from(text, "latin1") : undefined
})

/** JSON as UTF-8 in one buffer, which grows to the longest that was written and is used again and again. */
export class JsonBytes {
  #bytes = Buffer.allocUnsafeSlow(1 << 17)
  /** Bytes that were written. */
  end = 0

  /** A view of what was written; it stands until more is. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.end)
  }

  byte(byte: number): void {
    this.#need(1)
    this.#bytes[this.end++] = byte
  }

  /** Bytes that are JSON already. */
  raw(bytes: Uint8Array): void {
    this.#need(bytes.length)
    const into = this.#bytes
    // A call into C++ costs more than a short copy.
    if (bytes.length > 64) into.set(bytes, this.end)
    else for (let at = 0; at < bytes.length; at++) into[this.end + at] = bytes[at]!
    this.end += bytes.length
  }

  /** A short text of ASCII that is JSON already. */
  ascii(text: string): void {
    this.#need(text.length)
    for (let at = 0; at < text.length; at++) this.#bytes[this.end++] = text.charCodeAt(at)
  }

  /** A text whose UTF-8 is source[from, to), in quotes and escaped as `JSON.stringify` does. */
  text(source: Uint8Array, from: number, to: number): void {
    this.#need(to - from + 2)
    let bytes = this.#bytes
    let end = this.end
    bytes[end++] = quote
    for (let at = from; at < to; at++) {
      const byte = source[at]!
      if (byte >= space && byte !== quote && byte !== backslash) {
        bytes[end++] = byte
        continue
      }
      const escaped = escapes[byte]!
      this.end = end
      this.#need(escaped.length + to - at + 2)
      bytes = this.#bytes
      for (let place = 0; place < escaped.length; place++) bytes[end++] = escaped[place]!
    }
    bytes[end++] = quote
    this.end = end
  }

  /** values[from, to), with commas between them. */
  integers(values: Int32Array, from: number, to: number): void {
    this.#need(longest * (to - from))
    const bytes = this.#bytes
    let at = this.end
    for (let index = from; index < to; index++) {
      let rest = values[index]!
      if (index > from) bytes[at++] = comma
      if (rest < 0) {
        bytes[at++] = minus
        rest = -rest >>> 0
      }
      const end = at + digitsOf(rest)
      for (let place = end - 1; place >= at; place--) {
        const tens = (rest / 10) >>> 0
        bytes[place] = zero + rest - 10 * tens
        rest = tens
      }
      at = end
    }
    this.end = at
  }

  #need(bytes: number): void {
    if (this.end + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.end + bytes))
    larger.set(this.written)
    this.#bytes = larger
  }
}

/** Digits of a natural number below 2^32; most are token ids. */
function digitsOf(value: number): number {
  if (value < 1_000) return value < 10 ? 1 : value < 100 ? 2 : 3
  if (value < 1_000_000) return value < 10_000 ? 4 : value < 100_000 ? 5 : 6
  return `${value}`.length
}
