// Where programs of a language run on this machine. Probed at first use, once: what cannot be had is said, and nothing is run without it.
import { availableParallelism } from "node:os"
import { findNodes, findPythons } from "./interpreter.ts"
import { nodeKinds } from "./javascript/kinds.ts"
import { type ProgramJob, type ProgramOutcome, runProgram } from "./program-run.ts"
import { pythonKinds } from "./python/kinds.ts"
import { Sandbox, type SandboxKind } from "./sandbox.ts"
import { SandboxError } from "./sandbox-error.ts"
import { type RunLimits, runTests, type TestJob, type TestOutcome } from "./test-run.ts"
import { Tester } from "./tester.ts"
import { Turns } from "./turns.ts"
import { toldOfEnds, WarmSandboxes } from "./warm-sandboxes.ts"

/** The sandboxes of a language. */
export interface ProgramKinds {
  /** Runs tests, many jobs one after the other. */
  readonly tester: SandboxKind
  /** Loads one program and answers a tester. */
  readonly candidate: SandboxKind
  /** Runs one program with its standard streams. */
  readonly program: SandboxKind
}

/** When a run that waits is given up, and when one that runs is ended. */
export interface RunSignals {
  readonly signal: AbortSignal
  readonly noMore?: AbortSignal | undefined
}

/** What runs programs against tests. */
export interface TestRunner {
  /** What verdicts may depend on: the kind of sandbox, the interpreter and its version. */
  readonly identity: string
  /** One program against its tests. Rejects with a SandboxError when it could not be run. */
  runTests(job: TestJob, limits: RunLimits, signals: RunSignals): Promise<TestOutcome>
}

/** Runs at once in this process: a run keeps one core busy. */
const turns = new Turns(availableParallelism())

/** Programs of one language, run in fresh sandboxes of their own. */
export class ProgramSandbox implements TestRunner {
  readonly identity: string
  readonly #testerKind: SandboxKind
  readonly #testers: Tester[] = []
  readonly #candidates: WarmSandboxes
  readonly #programs: WarmSandboxes

  constructor(identity: string, { tester, candidate, program }: ProgramKinds) {
    this.identity = identity
    this.#testerKind = tester
    this.#candidates = new WarmSandboxes(candidate, availableParallelism())
    this.#programs = new WarmSandboxes(program, availableParallelism())
  }

  async runTests(job: TestJob, limits: RunLimits, { signal, noMore }: RunSignals): Promise<TestOutcome> {
    await turns.take(noMore ? [signal, noMore] : [signal])
    try {
      const candidate = await this.#candidates.take()
      this.#candidates.refill()
      const tester = await this.#takeTester()
      try {
        return await runTests(tester, candidate, job, limits, signal)
      } finally {
        if (tester.alive) this.#rest(tester)
      }
    } finally {
      turns.end()
    }
  }

  /** One program on one input. Rejects with a SandboxError when it could not be run. */
  async runProgram(job: ProgramJob, limits: RunLimits, { signal, noMore }: RunSignals): Promise<ProgramOutcome> {
    await turns.take(noMore ? [signal, noMore] : [signal])
    try {
      const sandbox = await this.#programs.take()
      this.#programs.refill()
      return await runProgram(sandbox, job, limits, signal)
    } finally {
      turns.end()
    }
  }

  close(): void {
    this.#candidates.close()
    this.#programs.close()
    for (const tester of this.#testers.splice(0)) tester.sandbox.kill()
  }

  async #takeTester(): Promise<Tester> {
    for (let resting = this.#testers.pop(); resting !== undefined; resting = this.#testers.pop()) {
      resting.sandbox.ref()
      await toldOfEnds()
      if (resting.alive) return resting
    }
    const sandbox = new Sandbox(this.#testerKind)
    await sandbox.ready
    return new Tester(sandbox)
  }

  #rest(tester: Tester): void {
    tester.sandbox.unref()
    this.#testers.push(tester)
  }
}

let python: Promise<ProgramSandbox> | null = null

/** The sandbox for Python. Rejects with a SandboxError that says why there is none; asked once in a process. */
export const pythonSandbox = (): Promise<ProgramSandbox> => {
  python ??= openPython()
  return python
}

async function openPython(): Promise<ProgramSandbox> {
  const pythons = await findPythons()
  if (pythons.length === 0) throw new SandboxError("there is no python3 in PATH")
  const faults: string[] = []
  for (const one of pythons) {
    const sandbox = new ProgramSandbox(`bubblewrap, ${one.name}`, await pythonKinds(one))
    try {
      await probe(sandbox, "python")
      return sandbox
    } catch (error) {
      if (!(error instanceof SandboxError)) throw error
      sandbox.close()
      faults.push(error.message)
    }
  }
  // The system's own interpreter comes last, and lies where every sandbox can see it.
  throw new SandboxError(faults.at(-1)!)
}

let javascript: Promise<ProgramSandbox> | null = null

/** The sandbox for JavaScript, by our own Node where it can be read. Rejects as that for Python. */
export const nodeSandbox = (): Promise<ProgramSandbox> => {
  javascript ??= openNode()
  return javascript
}

async function openNode(): Promise<ProgramSandbox> {
  let fault: SandboxError | null = null
  for await (const node of findNodes()) {
    const sandbox = new ProgramSandbox(`bubblewrap, ${node.name}`, nodeKinds(node))
    try {
      await probe(sandbox, "javascript")
      return sandbox
    } catch (error) {
      if (!(error instanceof SandboxError)) throw error
      sandbox.close()
      fault ??= error
    }
  }
  throw fault!
}

// What a program sees of the outside: nothing of these may be there, and no network but the loopback.
const outside = ["/etc/passwd", "/sys", "/var", "/boot"]
const lookAround = {
  python: `
def outside():
    import os
    seen = [each for each in ${JSON.stringify(outside)} if os.path.exists(each)]
    with open("/proc/net/dev") as interfaces:
        return seen + [line.split(":")[0].strip() for line in interfaces.readlines()[2:]]
`,
  javascript: `
function outside() {
  const fs = require("node:fs")
  const interfaces = fs.readFileSync("/proc/net/dev", "utf8").trim().split("\\n").slice(2)
  return [...${JSON.stringify(outside)}.filter((each) => fs.existsSync(each)), ...interfaces.map((line) => line.split(":")[0].trim())].join()
}
`,
}
const seesNothing = { python: "assert outside() == ['lo']", javascript: "assert.strictEqual(outside(), 'lo')" }

async function probe(sandbox: ProgramSandbox, language: "python" | "javascript"): Promise<void> {
  const job = {
    alternatives: [[lookAround[language]]],
    tests: [seesNothing[language]],
    entryPoint: "outside",
    prompt: null,
  }
  const limits = { timeoutMs: 20_000, memoryBytes: 1 << 30 }
  const { status, detail } = await sandbox.runTests(job, limits, { signal: new AbortController().signal })
  if (status !== "passed") throw new SandboxError(`the ${sandbox.identity} does not hold: ${status} ${detail}`)
}
