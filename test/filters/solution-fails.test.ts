import { describe, expect, test } from "vitest"
import { solutionFails } from "../../filters/solution-fails.ts"
import { directEffects, noSandbox } from "../annotators/sandbox/code-verdict.ts"

const missing = await noSandbox()
const step = solutionFails()

const question = (solution: string | null, reference: unknown, more: object = {}) => ({
  id: "q",
  question: "Add.",
  reference: reference === null ? null : JSON.stringify(reference),
  solution,
  choices: null,
  verifier: "code-tests",
  verifierOptions: null,
  ...more,
})
const tests = { entry_point: "add", tests: ["assert add(1, 2) == 3", "assert add(0, 0) == 0"] }
const run = (row: object) => step.run(row as never, directEffects, {} as never)

describe.skipIf(missing !== null)(`solutions against their own tests (skipped: ${missing})`, () => {
  test("a solution that passes keeps its question", async () => {
    const row = question("def add(a, b): return a + b", tests)
    expect(await run(row)).toEqual({ keep: [row] })
  })

  test("one that fails drops it, and says which test", async () => {
    const row = question("def add(a, b): return a - b if a else 1", tests)
    expect(await run(row)).toEqual({
      drop: {
        reason: "solution-fails",
        evidence: {
          verdict: "incorrect",
          verdictReason: expect.stringMatching(/^test 1 of 2: AssertionError in assert add\(1, 2\) == 3/),
        },
      },
      row,
    })
  })

  test("in JavaScript, and with standard streams", async () => {
    const script = { verifierOptions: JSON.stringify({ language: "javascript" }) }
    const reference = { entry_point: "add", tests: "assert.equal(add(1, 2), 3)" }
    const right = question("const add = (a, b) => a + b", reference, script)
    expect(await run(right)).toEqual({ keep: [right] })
    expect(await run(question("const add = (a, b) => a", reference, script))).toMatchObject({
      drop: { reason: "solution-fails" },
    })
    const streams = { verifier: "code-stdio" }
    const lines = { inputs: ["1 2"], outputs: ["3"] }
    const program = question("print(sum(map(int, input().split())))", lines, streams)
    expect(await run(program)).toEqual({ keep: [program] })
    expect(await run(question("print(4)", lines, streams))).toMatchObject({ drop: { reason: "solution-fails" } })
  })

  test("tests that cannot be run fail the row, so that a later run tries again", async () => {
    const broken = question("def add(a, b): return a + b", {
      entry_point: "add",
      tests: "import not_there\nassert add(1, 2) == 3",
    })
    await expect(run(broken)).rejects.toMatchObject({ message: expect.stringContaining("not_there") })
  })
})

test("questions without a solution, without a reference or of another verifier are kept unrun", async () => {
  for (const row of [
    question(null, tests),
    question("def add(a, b): return 0", null),
    question("The answer is 4.", "5", { verifier: "math", reference: "5" }),
    question("B", null, { verifier: null, reference: "A", choices: ["x", "y"] }),
  ])
    expect(await run(row)).toEqual({ keep: [row] })
})
