// biome-ignore-all lint/suspicious/noExplicitAny: values of programs and of tests have any shape
import type { NodeChannel } from "./node-channel.ts"

/** Self-contained. Runs a program as Node would run its file, with the standard streams of the process. */
export function nodeProgram(require: NodeJS.Require, channel: NodeChannel): void {
  const fs = require("node:fs") as typeof import("node:fs")
  const vm = require("node:vm") as any
  const { alternatives } = channel.receive()
  const input = channel.read(channel.read(4).readUInt32BE())
  let fault: unknown = null
  let file: string | null = null
  for (const texts of alternatives) {
    const text = texts.join("\n").replace(/^#!.*/, "")
    const ways: [string, () => unknown][] = [
      [
        "/tmp/program.cjs",
        () => new vm.Script(`(function (exports, require, module, __filename, __dirname) {${text}\n})`),
      ],
      ["/tmp/program.mjs", () => new vm.SourceTextModule(text)],
    ]
    for (const [name, check] of ways) {
      try {
        check()
      } catch (error) {
        fault ??= error
        continue
      }
      file = name
      fs.writeFileSync(file, text)
      break
    }
    if (file !== null) break
  }
  // Said before the program runs; it never has this descriptor.
  if (file === null) channel.write(Buffer.from(String(fault).slice(0, 1_000)))
  fs.closeSync(3)
  if (file === null) process.exit(1)
  // A file can be opened by the names that standard input has; a socket cannot.
  fs.writeFileSync("/tmp/input", input)
  fs.closeSync(0)
  if (fs.openSync("/tmp/input", "r") !== 0) process.exit(1)
  fs.unlinkSync("/tmp/input")
  process.argv.splice(1, process.argv.length, file)
  ;(require("node:module") as any).runMain(file)
}
