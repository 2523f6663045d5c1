// The live view as its user sees it: the built command in a pseudo-terminal, against a stand-in for a model server.
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { RunningCommand, runCommand } from "../../faults/run-command.ts"
import { expectPartition, expectWhole, scene, sums } from "../../faults/scene.ts"
import { type FakeEndpoint, startEndpoint } from "../../faults/start-endpoint.ts"
import { Terminal } from "./terminal.ts"

const questions = sums(40)
const ids = questions.map(({ id }) => id)
const few = sums(16)
// On a machine that is busy enough a run may be over before the keys are pressed that a test is about.
const long = { timeout: 180_000, retry: 2 }

let slow: FakeEndpoint
let folder: string
let config: string
/** A run that is over sooner, for tests that wait for its end. */
let brief: string
/** The run of the first test, which others look at. */
let whole: string

/** A folder for a run: another one at each try of a test, so that a try does not find what the one before has settled. */
let runs = 0
const runFolder = (name: string) => join(folder, `${name}-${++runs}`)

beforeAll(async () => {
  // Slow enough to be looked at, and to be still under way when a key is pressed on a busy machine.
  slow = await startEndpoint({ delayMs: 150 })
  const model = { price: { input: 1, output: 10 } }
  const budget = { usd: 5 }
  ;({ folder, config } = await scene(slow.url, { questions, model, config: { budget } }))
  ;({ config: brief } = await scene(slow.url, { questions: few, model, config: { budget, rowsPerShard: 4 } }))
})

/** Waits until no more requests come, and says how many came. */
async function untilStill(): Promise<number> {
  for (let last = -1, now = slow.requests().length; ; last = now, now = slow.requests().length) {
    if (now === last) return now
    await new Promise((resolve) => setTimeout(resolve, 1_500))
  }
}

/** Colours and other looks as escape sequences. */
const looks = /\u001b\[[\d;]*m/

describe("run on a terminal of 80x24", () => {
  test("shows stages, endpoints and money, and ends with the summary", long, async () => {
    whole = runFolder("whole")
    const terminal = new Terminal(["run", brief, "--out", whole])
    await terminal.until(/stage +rows +rows\/s +out +dropped +failed/)
    const text = await terminal.until(/drafter +\d+ of \d+/)
    expect(text).toMatch(/^cold-start .*whole-\d+ +running \d+s/m)
    expect(text).toMatch(/^> questions +16\/16 +done/m)
    expect(text).toMatch(/\$\d\.\d+ of \$5\.00 \(\d/)
    expect(terminal.raw).toMatch(looks)
    expect(await terminal.ended(100_000)).toBe(0)
    const history = terminal.history()
    expect(history).toMatch(/^cold-start .*whole-\d+ +done in /m)
    expect(history).toMatch(/in the dataset +\d+/)
    expect(history.indexOf("done in")).toBeLessThan(history.indexOf("in the dataset"))
    // No alternate screen; the cursor is there again.
    expect(terminal.raw).not.toContain("\u001b[?1049h")
    expect(terminal.raw.lastIndexOf("\u001b[?25h")).toBeGreaterThan(terminal.raw.lastIndexOf("\u001b[?25l"))
    await expectWhole(whole)
    await expectPartition(
      whole,
      few.map(({ id }) => id),
    )
  })

  test("keys choose a stage, show its drops and rows, an exchange and help", long, async () => {
    const run = runFolder("keys")
    const terminal = new Terminal(["run", config, "--out", run])
    await terminal.until(/^> questions/m)
    // A burst of characters is one input.
    terminal.press("jjk")
    await terminal.until(/^> filter-questions/m)
    terminal.press("\u001b[A")
    await terminal.until(/^> questions/m)
    terminal.press("?")
    await terminal.until(/pause the run: nothing new is asked/)
    terminal.press("?")
    await terminal.until(/filter-questions +\d.* [1-9]\d* +[1-9]/)
    // Now it stands still while it is looked at.
    terminal.press("p")
    await terminal.until(/ paused \d+/)
    terminal.press("j\r")
    await terminal.until(/^filter-questions {2}.*dropped/m)
    await terminal.until(/dropped rows of committed tasks 1 of \d+\n> q\d+ /)
    terminal.press("\r")
    expect(await terminal.until(/^dropped row 1 of stage filter-questions/m)).toMatch(/"reason": /)
    terminal.press("\u001b")
    await terminal.until(/dropped rows of committed tasks/)
    terminal.press("e")
    expect(await terminal.until(/^the exchange that was settled last/m)).toMatch(/^asked +fake \(chat\), sample \d/m)
    const id = /^id +([0-9a-f]{24})/m.exec(terminal.text())![1]!
    terminal.press("/")
    await terminal.until(/^id: _/m)
    terminal.press(`${id.slice(0, 12)}\r`)
    await terminal.until((text) => text.includes(`exchange ${id.slice(0, 12)}`) && text.includes(id))
    terminal.press("\u001b")
    await terminal.until(/dropped rows of committed tasks/)
    terminal.press("p")
    await terminal.until(/ running$/m)
    terminal.press("q")
    await terminal.until(/The run goes on\./)
    expect(await terminal.ended(100_000)).toBe(0)
    expect(terminal.history()).toMatch(/^\[ *\d+:\d\d\] .*done/m)
    await expectPartition(run, ids)
  })

  test("p pauses: nothing new is asked, and again goes on", long, async () => {
    const run = runFolder("paused")
    const terminal = new Terminal(["run", config, "--out", run])
    await terminal.until(/drafter +\d+ of \d+ /)
    terminal.press("p")
    await terminal.until(/ paused \d+/)
    const asked = await untilStill()
    await terminal.until(/judge +0 of /)
    await terminal.until(/drafter +0 of /)
    expect(terminal.exit).toBe(null)
    terminal.press("p")
    await terminal.until(/ running \d+/)
    expect(await terminal.ended(100_000)).toBe(0)
    expect(slow.requests().length).toBeGreaterThan(asked)
    expect(existsSync(join(run, "pause"))).toBe(false)
    await expectPartition(run, ids)
  })

  test("Ctrl-C settles and stops with 130, and the run goes on later", long, async () => {
    const run = runFolder("interrupted")
    const terminal = new Terminal(["run", brief, "--out", run])
    await terminal.until(/judge +[1-9]\d* of /)
    terminal.press("\u0003")
    expect(await terminal.ended()).toBe(130)
    expect(terminal.history()).toMatch(/Interrupted by SIGINT/)
    expect(terminal.history()).toMatch(/stopped after/)
    await expectWhole(run)
    expect(await runCommand(["run", brief, "--out", run])).toMatchObject({ code: 0 })
    await expectPartition(
      run,
      few.map(({ id }) => id),
    )
  })

  test("a second Ctrl-C stops at once", long, async () => {
    const hanging = await startEndpoint({ delayMs: 120_000 })
    const { config } = await scene(hanging.url, { questions })
    const terminal = new Terminal(["run", config, "--out", runFolder("at-once")])
    await terminal.until(/judge +[1-9]\d* of /)
    terminal.press("\u0003")
    await terminal.until(/once more stops at once/)
    const pressedMs = Date.now()
    terminal.press("\u0003")
    expect(await terminal.ended()).toBe(130)
    // The grace of the first one is 10 s.
    expect(Date.now() - pressedMs).toBeLessThan(8_000)
  })

  test("without colour there is no escape sequence for looks", long, async () => {
    for (const [env, args] of [
      [{ NO_COLOR: "1" }, []],
      [{}, ["--no-color"]],
    ] as const) {
      const run = runFolder(`plain-${args.length}`)
      const terminal = new Terminal(["run", config, "--out", run, ...args], { env })
      await terminal.until(/^> questions/m)
      terminal.press("q")
      await terminal.until(/The run goes on/)
      terminal.press("\u0003")
      expect(await terminal.ended()).toBe(130)
      expect(terminal.raw.replaceAll("\u001b[0m", "")).not.toMatch(looks)
    }
  })

  test("for a screen reader text is only added", long, async () => {
    const run = runFolder("spoken")
    const terminal = new Terminal(["run", config, "--out", run], { env: { INK_SCREEN_READER: "true" } })
    // The view is up once it names its keys. Endpoints stand in it only if they had been called by then.
    await terminal.until(/\? help/)
    terminal.press("?")
    await terminal.until(/pause the run: nothing new is asked/)
    await terminal.until(/\[ *\d+:\d\d\] .*(rows|calls)/)
    terminal.press("q")
    await terminal.until(/The run goes on/)
    // Neither the cursor goes up nor is a line erased.
    expect(terminal.raw).not.toMatch(/\u001b\[\d*[AKJHG]/)
    terminal.press("\u0003")
    expect(await terminal.ended()).toBe(130)
  })
})

describe("other sizes", () => {
  test("200x60 stands in two columns; resizing down to 10x3 and back breaks nothing", long, async () => {
    const run = runFolder("sizes")
    const terminal = new Terminal(["run", config, "--out", run], { columns: 200, rows: 60 })
    await terminal.until(/drafter +\d+ of \d+ /)
    await terminal.until(/by reason/)
    expect(terminal.text()).toMatch(/^ +stage +rows .* dropped \d+ rows of \d+, by reason/m)
    for (const [columns, rows] of [
      [80, 24],
      [59, 14],
      [20, 5],
      [10, 3],
      [200, 60],
    ] as const) {
      terminal.resize(columns, rows)
      await terminal.until(columns < 60 ? /^running/m : /^cold-start.*running/m)
      await terminal.until((text) => text.split("\n").every((line) => line.length <= columns))
    }
    terminal.press("q")
    await terminal.until(/The run goes on/)
    terminal.press("\u0003")
    expect(await terminal.ended()).toBe(130)
  })

  test("a terminal of 10x3 shows the state, takes keys, and the run ends well", long, async () => {
    const run = runFolder("tiny")
    const terminal = new Terminal(["run", brief, "--out", run], { columns: 10, rows: 3 })
    await terminal.until(/^running/m)
    terminal.press("jj\r\re?")
    await terminal.until(/^running/m)
    expect(await terminal.ended(100_000)).toBe(0)
    await expectPartition(
      run,
      few.map(({ id }) => id),
    )
  })
})

describe("status --watch", () => {
  test("shows the run of another process, pauses and resumes it, and leaves it alone", long, async () => {
    const run = runFolder("watched")
    const running = new RunningCommand(["run", config, "--out", run])
    expect(await running.until(() => existsSync(join(run, "run.json")) && running.stderr.includes("questions"))).toBe(
      true,
    )
    const terminal = new Terminal(["status", run, "--watch"])
    await terminal.until(/judge +\d+ of /)
    terminal.press("p")
    await terminal.until(/ paused \d+/)
    expect(await running.until(() => running.stderr.includes("paused"))).toBe(true)
    await untilStill()
    terminal.press("p")
    await terminal.until(/ running \d+/)
    terminal.press("\u0003")
    expect(await terminal.ended()).toBe(130)
    expect(running.running).toBe(true)
    expect(await running.ended).toMatchObject({ code: 0 })
    await expectPartition(run, ids)
  })

  test("stays on a run that is over until it is left; says how it ended", long, async () => {
    const terminal = new Terminal(["status", whole, "--watch"])
    await terminal.until(/^cold-start .*whole-\d+ +done in /m)
    terminal.press("q")
    expect(await terminal.ended()).toBe(0)
  })

  test("off a terminal it prints plain lines or events until the run ends", long, async () => {
    const lines = await runCommand(["status", whole, "--watch"])
    expect(lines).toMatchObject({ code: 0 })
    expect(lines.stdout).toMatch(/questions: (done|unchanged)/)
    expect(lines.stdout.trimEnd()).toMatch(/done$/)
    const events = (await runCommand(["status", whole, "--watch", "--json"])).stdout.trimEnd().split("\n")
    expect(JSON.parse(events.at(-1)!)).toMatchObject({ event: "run.done" })
  })

  test("a killed run is said to be killed", long, async () => {
    const run = runFolder("killed")
    const running = new RunningCommand(["run", config, "--out", run])
    expect(await running.until(() => running.stderr.includes("questions"))).toBe(true)
    const terminal = new Terminal(["status", run, "--watch"])
    await terminal.until(/ running \d+/)
    running.kill("SIGKILL")
    expect(await terminal.ended()).toBe(0)
    expect(terminal.history()).toMatch(/killed after/)
  })
})

test("a view that is killed gives the terminal back, and the run goes on with plain lines", long, async () => {
  const run = runFolder("crashed")
  const terminal = new Terminal(["run", brief, "--out", run])
  await terminal.until(/^> questions/m)
  const view = readdirSync("/proc").find((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(`${run}\0--watch\0--attached`)
    } catch {
      return false
    }
  })
  process.kill(Number(view), "SIGKILL")
  await terminal.until(/The live view is gone \(it ended with SIGKILL\); the run goes on\./)
  expect(await terminal.ended(100_000)).toBe(0)
  await expectPartition(
    run,
    few.map(({ id }) => id),
  )
})

test("a terminal that takes nothing does not hold up the run", long, async () => {
  const run = runFolder("blocked")
  const terminal = new Terminal(["run", brief, "--out", run])
  await terminal.until(/^> questions/m)
  terminal.stopReading()
  for (let at = 0; !existsSync(join(run, "manifest.json")) && at < 1_000; at++)
    await new Promise((resolve) => setTimeout(resolve, 100))
  expect(existsSync(join(run, "manifest.json"))).toBe(true)
  terminal.goOnReading()
  expect(await terminal.ended()).toBe(0)
})
