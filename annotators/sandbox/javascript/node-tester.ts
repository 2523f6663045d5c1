// biome-ignore-all lint/suspicious/noExplicitAny: values of programs and of tests have any shape
import type { Wire } from "./codec.ts"
import type { NodeChannel } from "./node-channel.ts"
import type { RunningTests, TestEngine, TesterJob, TesterOutcome, TesterParts } from "./tester.ts"

/**
 * Self-contained. The tester's side in Node: serves one job after the other, each in a thread of its own, which is started before its
 * job comes. `thread` is the text of the thread.
 */
export function nodeTester(require: NodeJS.Require, thread: string): void {
  const { Worker } = require("node:worker_threads") as typeof import("node:worker_threads")
  let first = true
  const next = () => {
    const state = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(thread, { eval: true, workerData: { state, first }, env: {} })
    first = false
    worker.on("error", () => {})
    // A thread that did not end its job may have stopped in the middle of a frame.
    worker.on("exit", () => (state[0] === 1 ? next() : process.exit(1)))
  }
  next()
}

/** Self-contained. One job of a tester, in its thread. */
export function nodeTesterThread(
  require: NodeJS.Require,
  channel: NodeChannel,
  parts: TesterParts,
  start: (engine: TestEngine, parts: TesterParts, loaded: Wire, job: TesterJob) => RunningTests,
): void {
  const fs = require("node:fs") as typeof import("node:fs")
  const vm = require("node:vm") as typeof import("node:vm")
  const builtin = (require("node:module") as typeof import("node:module")).builtinModules
  const { workerData } = require("node:worker_threads") as typeof import("node:worker_threads")
  const { setTimeout, setImmediate } = globalThis
  const resources = process.getActiveResourcesInfo.bind(process)
  const exit = process.exit.bind(process)
  const received: Buffer[] = []
  let length = 0
  let job = 0

  function hostFrame(): { kind: string; job: number; payload: Buffer } {
    const head = channel.read(9)
    return {
      kind: head.toString("latin1", 4, 5),
      job: head.readUInt32BE(5),
      payload: channel.read(head.readUInt32BE()),
    }
  }

  function toHost(kind: string, payload: Uint8Array): void {
    const head = Buffer.alloc(9)
    head.writeUInt32BE(payload.length)
    head.write(kind, 4, "latin1")
    head.writeUInt32BE(job, 5)
    channel.write(Buffer.concat([head, payload]))
  }

  /** Bytes of the program's side. */
  function fromProgram(count: number): Buffer {
    while (length < count) {
      const frame = hostFrame()
      if (frame.job !== job) continue
      if (frame.kind === "E") throw new Closed("ended")
      received.push(frame.payload)
      length += frame.payload.length
    }
    const all = received.length === 1 ? received[0]! : Buffer.concat(received, length)
    received.splice(0, received.length, all.subarray(count))
    length -= count
    return all.subarray(0, count)
  }

  class Closed extends Error {}

  function finish(outcome: TesterOutcome): never {
    toHost(
      "O",
      Buffer.from(
        JSON.stringify(outcome).replace(
          /[\u007f-\uffff]/g,
          (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
        ),
        "latin1",
      ),
    )
    for (const folder of ["/tmp", "/dev/shm"])
      for (const name of fs.readdirSync(folder))
        try {
          fs.rmSync(`${folder}/${name}`, { recursive: true, force: true })
        } catch {
          // An interpreter below /tmp is mounted there, read-only.
        }
    try {
      process.kill(-1, "SIGKILL")
    } catch {
      // There is no other process.
    }
    toHost("R", Buffer.alloc(0))
    workerData.state[0] = 1
    return exit(0)
  }

  const died = (error: unknown): never =>
    finish({ status: "died", detail: error instanceof Closed ? error.message : "a malformed frame" })

  function ask(message: Wire): Wire {
    let bytes: Buffer
    try {
      bytes = channel.frame(message)
    } catch {
      return finish({ status: "unsupported", detail: "the tests pass more to the program than can be sent" })
    }
    toHost("L", bytes)
    for (;;) {
      let reply: any
      try {
        reply = channel.receive(fromProgram)
      } catch (error) {
        return died(error)
      }
      if (!Array.isArray(reply) || reply[0] !== "back") return reply
      if (running === null) return died(null)
      toHost("L", channel.frame(["answer", running.remotes.answer(reply)]))
    }
  }

  const script = (text: string) =>
    new vm.Script(text, { filename: "tests.js", importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER })
  const engine: TestEngine = {
    run: (text) => script(text).runInThisContext(),
    check: (text) => void script(text),
    ask,
    module: (name) => (builtin.includes(name) ? require(name) : null),
  }
  let running: RunningTests | null = null

  if (workerData.first) channel.write(Buffer.from("R"))
  let frame = hostFrame()
  while (frame.kind !== "J") frame = hostFrame()
  job = frame.job
  const task = JSON.parse(frame.payload.toString("latin1"))
  let loaded: Wire
  try {
    loaded = channel.receive(fromProgram)
  } catch (error) {
    died(error)
  }
  running = start(engine, parts, loaded!, task)
  const tests = running
  process.on("uncaughtException", (error) => finish(tests.failed(error)))
  let outcome: TesterOutcome | null = null
  void tests.run().then((value) => {
    outcome = value
    if (value.status !== "passed") finish(tests.last(value))
  })

  /** The program's turn, until all is over: its timers and promises go on only in it. */
  let idle = 0
  const pump = () => {
    // A timer that runs is still counted: this never runs in one.
    const own = resources().some((kind) => kind !== "Immediate")
    if (outcome !== null && tests.remotes.pending === 0 && !own) finish(tests.last(outcome))
    const [settled, alive] = ask(["turn", tests.remotes.settledOfTests()]) as [unknown, boolean]
    tests.remotes.settle(settled)
    idle = alive || own ? 0 : idle + 1
    if (idle > 2) {
      if (outcome !== null) finish(tests.last(outcome))
      finish(tests.last({ status: "failed", detail: "the tests wait for what never happens" }))
    }
    if (own) setTimeout(() => setImmediate(pump), 1)
    else setImmediate(pump)
  }
  // What runs to its end at once needs no turn.
  setImmediate(() => setImmediate(pump))
}
