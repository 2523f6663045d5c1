// Programs per second: `node test/bench/programs.ts [SECONDS]` (default 5 for each kind). Every program is another one, so that nothing is
// settled twice; one in four is wrong. Prints one line for each kind, and the goal where there is one.
import { execFile } from "node:child_process"
import { availableParallelism } from "node:os"
import { promisify } from "node:util"
import { runTestsInQuickJs } from "../../annotators/sandbox/javascript/quickjs.ts"
import { codeStdio } from "../../annotators/verifiers/code-stdio.ts"
import { codeTests } from "../../annotators/verifiers/code-tests.ts"
import type { ProgramVerifier } from "../../annotators/verifiers/verifier.ts"
import type { Effect, Effects, Settled } from "../../pipelines/runtime/effect.ts"

const seconds = Number(process.argv[2] ?? 5)

/** Python programs per second on two cores. */
const goal = 30

const effects: Effects = {
  signal: new AbortController().signal,
  async settle<T>(effect: Effect<T>): Promise<Settled<T>> {
    const { value } = await effect.perform(this.signal)
    return { id: "", value, usage: null, replayed: false }
  },
}

const wrong = (at: number) => (at % 4 === 3 ? 1 : 0)
const python = (at: number) => `def f(xs):\n    return sorted(x * ${at} for x in xs)[${wrong(at)}:]\n`
const script = (at: number) =>
  `const f = (xs) => xs.map((x) => x * ${at}).toSorted((a, b) => a - b).slice(${wrong(at)})\n`
const pythonTests = (at: number) =>
  `def check(candidate):\n${[3, 2, 1].map((n) => `    assert candidate([${n}, 1]) == [${at}, ${at * n}]\n`).join("")}`
const scriptTests = (at: number) =>
  [3, 2, 1].map((n) => `assert.deepEqual(f([${n}, 1]), [${at}, ${at * n}])`).join("\n")

interface Kind {
  name: string
  goal: number | null
  run(at: number): Promise<boolean>
}

const verified =
  (verifier: ProgramVerifier, language: string, row: (at: number) => [string, unknown]) => async (at: number) => {
    const [completion, reference] = row(at)
    const { verdict, reason } = await verifier.verify({ completion, reference, options: { language } }, effects)
    if (verdict === "unverifiable") throw new Error(reason ?? verdict)
    return (verdict === "correct") === (wrong(at) === 0)
  }

const startOf = promisify(execFile)

const kinds: Kind[] = [
  // What a machine gives that does nothing but start interpreters, without any sandbox: other rates are to be seen beside it.
  {
    name: "bare starts of Python",
    goal: null,
    run: async () => Boolean(await startOf("/usr/bin/python3", ["-I", "-S", "-c", "pass"])),
  },
  { name: "bare starts of Node", goal: null, run: async () => Boolean(await startOf(process.execPath, ["-e", "0"])) },
  {
    name: "code-tests, Python",
    goal,
    run: verified(codeTests, "python", (at) => [python(at), { entry_point: "f", tests: pythonTests(at) }]),
  },
  {
    name: "code-stdio, Python",
    goal,
    run: verified(codeStdio, "python", (at) => [
      `print(int(input()) * ${at} + ${wrong(at)})`,
      { inputs: ["3"], outputs: [String(3 * at)] },
    ]),
  },
  {
    name: "code-tests, JavaScript",
    goal: null,
    run: verified(codeTests, "javascript", (at) => [script(at), { entry_point: "f", tests: scriptTests(at) }]),
  },
  {
    name: "code-stdio, JavaScript",
    goal: null,
    run: verified(codeStdio, "javascript", (at) => [
      `console.log(Number(require("fs").readFileSync(0, "utf8")) * ${at} + ${wrong(at)})`,
      { inputs: ["3"], outputs: [String(3 * at)] },
    ]),
  },
  {
    name: "code-tests, JavaScript in QuickJS",
    goal: null,
    async run(at) {
      const job = { alternatives: [[script(at)]], tests: [scriptTests(at)], entryPoint: "f", prompt: null }
      const { status } = await runTestsInQuickJs(
        job,
        { timeoutMs: 10_000, memoryBytes: 1 << 28 },
        { signal: effects.signal },
      )
      return (status === "passed") === (wrong(at) === 0)
    },
  },
]

console.log(`${availableParallelism()} cores, ${seconds} s each`)
for (const { name, goal, run } of kinds) {
  // The probe, and what stands ready.
  await Promise.all([run(4), run(4)])
  const end = performance.now() + seconds * 1_000
  const start = performance.now()
  let next = 5
  let done = 0
  let false_ = 0
  const lane = async () => {
    while (performance.now() < end) {
      if (!(await run(next++))) false_++
      done++
    }
  }
  await Promise.all(Array.from({ length: 8 }, lane))
  const rate = done / ((performance.now() - start) / 1_000)
  const against = goal === null ? "" : ` (goal ${goal}: ${rate >= goal ? "met" : "MISSED"})`
  console.log(`${name}: ${rate.toFixed(1)} programs/s${against}${false_ > 0 ? `; ${false_} WRONG VERDICTS` : ""}`)
}
process.exit()
