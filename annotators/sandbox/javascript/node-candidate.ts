// biome-ignore-all lint/suspicious/noExplicitAny: values of programs and of tests have any shape
import type { Candidate, CandidateEngine } from "./candidate.ts"
import type { Codec, Wire } from "./codec.ts"
import type { NodeChannel } from "./node-channel.ts"

/** Self-contained. The candidate's side in Node: one program, until the channel closes. */
export function nodeCandidate(
  require: NodeJS.Require,
  channel: NodeChannel,
  codec: Codec,
  make: (codec: Codec, engine: CandidateEngine) => Candidate,
): void {
  const vm = require("node:vm") as typeof import("node:vm")
  const { setTimeout, clearTimeout, setImmediate } = globalThis
  const resources = process.getActiveResourcesInfo.bind(process)
  const exit = process.exit
  const turnMs = 4

  const receive = (): any => {
    try {
      return channel.receive()
    } catch {
      // The tests are over.
      exit.call(process, 0)
    }
  }

  function send(reply: Wire): void {
    let bytes: Buffer
    try {
      bytes = channel.frame(reply)
    } catch (error) {
      bytes = channel.frame(["no", ["E", "RangeError", "RangeError", String(error)]])
    }
    channel.write(bytes)
  }

  const script = (text: string) =>
    new vm.Script(text, {
      filename: "program.js",
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    })
  const candidate = make(codec, {
    run: (text) => script(text).runInThisContext(),
    check: (text) => void script(text),
    askBack(message) {
      send(message)
      for (;;) {
        const next = receive()
        if (next[0] === "answer") return next[1]
        send(candidate.answer(next))
      }
    },
  })

  /** Lets promises settle and timers run until a promise that the tests wait for settles, but not long. */
  async function turn(ofTests: readonly unknown[]): Promise<Wire> {
    const before = candidate.settled(ofTests) as unknown[]
    await new Promise<void>((resolve) => setImmediate(resolve))
    const now = [...before, ...(candidate.settled([]) as unknown[])]
    if (now.length > 0) return [now, true]
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, turnMs)
      candidate.onSettled = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    candidate.onSettled = () => {}
    const late = candidate.settled([]) as unknown[]
    if (late.length > 0) return [late, true]
    // A timer that runs is still counted.
    await new Promise<void>((resolve) => setImmediate(resolve))
    return [candidate.settled([]), resources().some((kind) => kind !== "Immediate")]
  }

  async function main(): Promise<void> {
    const job = receive()
    Object.defineProperty(globalThis, "require", {
      value: (require("node:module") as typeof import("node:module")).createRequire("/tmp/program.js"),
      writable: true,
      configurable: true,
    })
    send(candidate.load(job.alternatives))
    for (;;) {
      const message = receive()
      send(message[0] === "turn" ? await turn(message[1]) : candidate.answer(message))
    }
  }
  void main()
}
