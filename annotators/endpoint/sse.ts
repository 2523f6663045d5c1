import { TextDecoder } from "node:util"

/**
 * Reads server-sent events out of the bytes of a response, wherever the chunks are cut, also within a character. `feed`
 * and `end` return the `data` of the events completed so far and throw a TypeError on invalid UTF-8.
 */
export class EventReader {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true })
  #rest = ""
  #data: string[] = []

  feed(bytes: Uint8Array): string[] {
    return this.#read(this.#decoder.decode(bytes, { stream: true }))
  }

  /** What a stream that ends without a blank line still held. */
  end(): string[] {
    const events = this.#read(`${this.#decoder.decode()}\n\n`)
    this.#rest = ""
    return events
  }

  #read(text: string): string[] {
    const events: string[] = []
    const all = this.#rest + text
    let from = 0
    for (;;) {
      const to = all.indexOf("\n", from)
      if (to === -1) break
      const line = all.slice(from, all.charCodeAt(to - 1) === 13 && to > from ? to - 1 : to)
      from = to + 1
      if (line === "") {
        if (this.#data.length > 0) events.push(this.#data.join("\n"))
        this.#data = []
      } else if (line.startsWith("data:")) {
        this.#data.push(line.slice(line.charCodeAt(5) === 32 ? 6 : 5))
      }
    }
    this.#rest = all.slice(from)
    return events
  }
}
