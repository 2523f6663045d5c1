// `verify code-tests` and `verify code-stdio` as a user runs them: outcomes are settled, whatever interrupts.
import { existsSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeEach, describe, expect, test } from "vitest"
import { noSandbox } from "../../annotators/sandbox/code-verdict.ts"
import { RunningCommand, runCommand } from "../../faults/run-command.ts"
import { jsonLines, newFolder } from "../../faults/scene.ts"

const missing = await noSandbox()
let folder: string
const at = (name: string) => join(folder, name)
const rowsOf = async (path: string) =>
  (await readFile(path, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))

beforeEach(async () => {
  folder = await newFolder()
})

describe.skipIf(missing !== null)(`programs by the command (skipped: ${missing})`, () => {
  test("code-tests in both languages; a rerun runs nothing and gives the same bytes, time-outs too", async () => {
    const add = { prompt: "def add(a, b):\n", entry_point: "add", tests: "assert add(1, 2) == 3" }
    const js = { entry_point: "add", tests: "console.assert(add(1, 2) === 3)" }
    const rows = [
      { id: 1, completion: "    return a + b", reference: add },
      { id: 2, completion: "    return a - b", reference: add },
      { id: 3, completion: "    while True: pass", reference: add, options: { timeoutMs: 500 } },
      {
        id: 4,
        completion: "```js\nconst add = (a, b) => a + b\n```",
        reference: js,
        options: { language: "javascript" },
      },
      { id: 5, completion: "```js\nconst add = (a, b) => a\n```", reference: js, options: { language: "javascript" } },
      { id: 6, completion: "I will not.", reference: add },
      { id: 7, completion: "    return a + b", reference: { tests: "" } },
      { id: 8, completion: "    return a + b", reference: add, options: { language: "ruby" } },
      { id: 9, completion: "    import time\n    return a + b + (time.time_ns() % 2) * 0", reference: add },
    ]
    await writeFile(at("in.jsonl"), jsonLines(rows))
    const first = await runCommand(["verify", "code-tests", at("in.jsonl"), at("out.jsonl"), "--json"])
    expect(first.code, first.stderr).toBe(0)
    expect((await rowsOf(at("out.jsonl"))).map(({ id, verdict, reward }) => [id, verdict, reward])).toEqual([
      [1, "correct", 1],
      [2, "incorrect", 0],
      [3, "incorrect", 0],
      [4, "correct", 1],
      [5, "incorrect", 0],
      [6, "unparsed", null],
      [7, "unverifiable", null],
      [8, "unverifiable", null],
      [9, "correct", 1],
    ])
    const bytes = await readFile(at("out.jsonl"))
    const again = await runCommand(["verify", "code-tests", at("in.jsonl"), at("out.jsonl"), "--json"])
    expect(JSON.parse(again.stdout).programs).toEqual({ outcomes: 6, settledBefore: 6 })
    expect(await readFile(at("out.jsonl"))).toEqual(bytes)
  })

  test("code-stdio: each input is an outcome of its own", async () => {
    const reference = { inputs: ["1 2", "3 4"], outputs: ["3", "7"] }
    const rows = [
      { id: "py", completion: "print(sum(map(int, input().split())))", reference },
      { id: "js", completion: "```js\nconsole.log(3)\n```", reference, options: { language: "javascript" } },
    ]
    await writeFile(at("in.jsonl"), jsonLines(rows))
    const { code, stdout, stderr } = await runCommand([
      "verify",
      "code-stdio",
      at("in.jsonl"),
      at("out.jsonl"),
      "--json",
    ])
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout).programs).toEqual({ outcomes: 4, settledBefore: 0 })
    expect((await rowsOf(at("out.jsonl"))).map(({ id, verdict, reason }) => [id, verdict, reason])).toEqual([
      ["py", "correct", null],
      ["js", "incorrect", '1/2 passed; input 2: wrong output, line 1: expected "7", got "3"'],
    ])
  })

  test("killed with SIGKILL in the middle it goes on from what is settled, to the same bytes", {
    timeout: 90_000,
  }, async () => {
    const rows = Array.from({ length: 60 }, (_, id) => ({
      id,
      completion: `import time\ntime.sleep(0.1)\ndef f(): return ${id % 3}`,
      reference: { tests: `assert f() == 1` },
    }))
    await writeFile(at("in.jsonl"), jsonLines(rows))
    const args = (out: string) => ["verify", "code-tests", at("in.jsonl"), at(out), "--json"]
    const command = new RunningCommand(args("out.jsonl"))
    const settled = async () => {
      if (!existsSync(at("out.jsonl.ledger"))) return false
      const { readdir, stat } = await import("node:fs/promises")
      const names = await readdir(at("out.jsonl.ledger"), { recursive: true })
      const sizes = await Promise.all(names.map(async (name) => (await stat(join(at("out.jsonl.ledger"), name))).size))
      return Math.max(...sizes, 0) > 3_000
    }
    await command.until(settled)
    command.kill("SIGKILL")
    await command.ended
    expect(existsSync(at("out.jsonl"))).toBe(false)
    const again = await runCommand(args("out.jsonl"))
    expect(again.code, again.stderr).toBe(0)
    const { outcomes, settledBefore } = JSON.parse(again.stdout).programs
    expect(outcomes).toBe(60)
    expect(settledBefore).toBeGreaterThan(0)
    expect(settledBefore).toBeLessThan(60)
    await runCommand(args("whole.jsonl"))
    expect(await readFile(at("out.jsonl"))).toEqual(await readFile(at("whole.jsonl")))
  })
})
