import { type Line, lineText } from "./cells.ts"
import type { Drawing, DrawingOptions } from "./drawing.ts"
import { characterKeys } from "./key-names.ts"

/**
 * The view for a screen reader: plain text that is only ever added to. Changes of the run are said as they come (`say`); a screen is said
 * when a key asked for it, and never drawn again.
 */
export function startSpeaking({ stdout, stdin, onKey }: DrawingOptions): Drawing & { say(text: string): void } {
  let said = ""
  const onData = (data: Buffer) => {
    for (const key of characterKeys(data.toString("utf8"))) onKey(key)
  }
  stdin?.setRawMode(true)
  stdin?.on("data", onData)
  return {
    say: (text) => void stdout.write(`${text}\r\n`),
    draw(lines: readonly Line[], asked: boolean) {
      const text = lines.map((line) => lineText(line).trimEnd()).filter((line) => line !== "")
      if (!asked || text.join() === said) return
      said = text.join()
      for (const line of text) stdout.write(`${line}\r\n`)
    },
    async close() {
      stdin?.off("data", onData)
      stdin?.setRawMode(false)
      stdin?.pause()
    },
  }
}
