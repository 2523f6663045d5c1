// The live view as its user sees it: the built command in a pseudo-terminal, against a stand-in for a model server.
import { existsSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { RunningCommand } from "../../faults/run-command.ts"
import { expectPartition, expectWhole, scene, sums } from "../../faults/scene.ts"
import { type FakeEndpoint, startEndpoint } from "../../faults/start-endpoint.ts"
import { Terminal } from "./terminal.ts"

const questions = sums(60)
const ids = questions.map(({ id }) => id)
const long = { timeout: 120_000 }

let slow: FakeEndpoint
let folder: string
let config: string

beforeAll(async () => {
  // Slow enough to be looked at, and to be still under way when a key is pressed on a busy machine.
  slow = await startEndpoint({ delayMs: 150 })
  ;({ folder, config } = await scene(slow.url, {
    questions,
    model: { price: { input: 1, output: 10 } },
    config: { budget: { usd: 5 } },
  }))
})

const untilStill = async (count: () => number): Promise<number> => {
  for (let last = -1, now = count(); ; last = now, now = count()) {
    if (now === last) return now
    await new Promise((resolve) => setTimeout(resolve, 1_500))
  }
}

describe("run on a terminal of 80x24", () => {
  test("shows stages, endpoints and drops, and ends with the summary", long, async () => {
    const run = join(folder, "whole")
    const terminal = new Terminal(["run", config, "--out", run])
    await terminal.until(/stage +rows +rows\/s +out +dropped +failed/)
    const text = await terminal.until(/drafter +\d+ of \d+/)
    expect(text).toMatch(/^cold-start .*whole +running \d+s/m)
    expect(text).toMatch(/^> import/m)
    expect(text).toMatch(/of \$5\.00/)
    for (const line of terminal.lines()) expect(line.length).toBeLessThanOrEqual(80)
    expect(await terminal.ended(100_000)).toBe(0)
    const history = terminal.history()
    expect(history).toMatch(/^cold-start .*whole +done in /m)
    expect(history).toMatch(/in the dataset +\d+/)
    expect(history.indexOf("done in")).toBeLessThan(history.indexOf("in the dataset"))
    expect(terminal.raw).not.toContain("\u001b[?1049h")
    await expectWhole(run)
    await expectPartition(run, ids)
  })
})
