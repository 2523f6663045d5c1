// A thread of jobs: program and tests of each in two fresh QuickJS of their own, which reach nothing but each other.
import { Script } from "node:vm"
import { parentPort } from "node:worker_threads"
import { newQuickJSWASMModule } from "quickjs-emscripten"
import type { RunLimits, TestJob, TestOutcome } from "../test-run.ts"
import { countedAssertions, javascriptAssertions } from "./assertions.ts"
import { javascriptCandidate } from "./candidate.ts"
import { javascriptCodec } from "./codec.ts"
import { javascriptEquality } from "./equality.ts"
import { noteDifferences, ownShape, QuickJsError, QuickJsRealm } from "./quickjs-realm.ts"
import { javascriptRemotes } from "./remotes.ts"
import { javascriptTestFunctions } from "./test-functions.ts"
import { javascriptTester } from "./tester.ts"

/** Interrupts of the engine that count as a millisecond; it interrupts itself every 10,000 calls and jumps back. */
const interruptsPerMs = 2

const shape = JSON.stringify(JSON.stringify(ownShape()))

const candidateHarness = `(function (askBack, touch, run, check) {
  "use strict"
  const codec = (${javascriptCodec})()
  ;(${noteDifferences})(${shape}, touch)
  globalThis.require = (name) => { touch("modules"); throw new Error("Cannot find module '" + name + "'") }
  const { parse, stringify } = JSON
  const candidate = (${javascriptCandidate})(codec, { run, check, askBack: (message) => parse(askBack(stringify(message))) })
  return {
    load: (text) => stringify(candidate.load(parse(text))),
    answer: (text) => stringify(candidate.answer(parse(text))),
    settled: (text) => stringify(candidate.settled(parse(text))),
  }
})`

const testerHarness = `(function (ask, touch, run, check) {
  "use strict"
  const codec = (${javascriptCodec})()
  ;(${noteDifferences})(${shape}, touch)
  const { parse, stringify } = JSON
  const equality = ${javascriptEquality}
  const parts = { codec, remotes: ${javascriptRemotes}, functions: ${javascriptTestFunctions}, equality, counted: ${countedAssertions} }
  let thrown = 0
  const noted = (assert) => {
    for (const key of ["ok", ...Object.keys(assert)]) {
      const check = assert[key]
      if (typeof check !== "function" || /^[A-Z]|^strict$/.test(key)) continue
      assert[key] = (...args) => { try { return check(...args) } catch (error) { thrown++; throw error } }
    }
    return assert
  }
  const assert = noted((${javascriptAssertions})(equality()))
  const module = Object.assign((...args) => assert.ok(...args), assert)
  const engine = { run, check, ask: (message) => parse(ask(stringify(message))), module: (name) => name === "assert" ? module : null }
  let tests, outcome = null
  return {
    start(text) {
      const { loaded, job } = parse(text)
      tests = (${javascriptTester})(engine, parts, loaded, job)
      tests.run().then((value) => { outcome = tests.last(value) })
      return ""
    },
    answer: (text) => stringify(tests.remotes.answer(parse(text))),
    settledOfTests: () => stringify(tests.remotes.settledOfTests()),
    settle: (text) => { tests.remotes.settle(parse(text)); return "" },
    outcome: () => stringify({ outcome, thrown }),
  }
})`

/** Tests of which a part may fail unseen, when nothing waits for it. */
const unawaited = /\basync\b|\.then\s*\(/

async function run({ alternatives, ...job }: TestJob, limits: RunLimits): Promise<TestOutcome> {
  let lacks: string | null = null
  const touch = (name: string) => {
    lacks ??= name
    return ""
  }
  let left = limits.timeoutMs * interruptsPerMs
  let interrupted = false
  const interrupt = () => {
    interrupted ||= left-- <= 0
    return interrupted
  }
  const [programs, tests] = await Promise.all([newQuickJSWASMModule(), newQuickJSWASMModule()])
  parentPort!.postMessage("ready")
  const candidate = new QuickJsRealm(programs, limits.memoryBytes, interrupt)
  const tester = new QuickJsRealm(tests, limits.memoryBytes, interrupt)
  candidate.load(candidateHarness, { askBack: (text) => tester.call("answer", text), touch })
  tester.load(testerHarness, { ask: (text) => candidate.call("answer", text), touch })

  /** What is not settled here: another engine may decide it. */
  const settle = (outcome: TestOutcome): TestOutcome => {
    if (interrupted) return { status: "timeout", detail: `no end within ${limits.timeoutMs * interruptsPerMs} turns` }
    if (outcome.status === "passed" || outcome.status === "unsupported" || outcome.status === "tests-broken")
      return outcome
    if (/InternalError: stack overflow/.test(outcome.detail)) lacks ??= "a stack as deep"
    if (/InternalError: out of memory/.test(outcome.detail)) return { status: "memory", detail: "out of memory" }
    if (outcome.status === "syntax" && alternatives.some((texts) => compiles(texts.at(-1)!))) lacks ??= "this syntax"
    return lacks === null ? outcome : { status: "unsupported", detail: `QuickJS has not what Node has: ${lacks}` }
  }

  try {
    const loaded = JSON.parse(candidate.call("load", JSON.stringify(alternatives)))
    tester.call("start", JSON.stringify({ loaded, job }))
    for (;;) {
      const ran = tester.runJobs() + candidate.runJobs()
      const told = tester.call("settledOfTests")
      const settled = candidate.call("settled", told)
      tester.call("settle", settled)
      if (ran === 0 && told === "[]" && settled === "[]") break
    }
    const { outcome, thrown } = JSON.parse(tester.call("outcome"))
    if (outcome === null) return settle({ status: "failed", detail: "the tests wait for what never happens" })
    if (outcome.status === "passed" && (thrown > 0 || unawaited.test(job.tests.join("\n"))))
      return { status: "unsupported", detail: "QuickJS does not say whether a part of the tests failed unseen" }
    return settle(outcome)
  } catch (error) {
    // What WebAssembly itself throws is the program's doing too: a stack that is too deep.
    if (!(error instanceof Error)) throw error
    return settle({
      status: "failed",
      detail: error instanceof QuickJsError ? error.message : `InternalError: ${error.message}`,
    })
  }
}

function compiles(text: string): boolean {
  try {
    new Script(text)
    return true
  } catch {
    return false
  }
}

parentPort!.on("message", async ({ job, limits }: { job: TestJob; limits: RunLimits }) => {
  parentPort!.postMessage(await run(job, limits))
})
