// Steps of the user's that never come back, while a person or a service manager wants the command to end.
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { expect, test } from "vitest"
import { groupLives, RunningCommand } from "../faults/run-command.ts"
import { jsonLines } from "../faults/scene.ts"
import { temporaryFolder } from "../pipelines/runtime/folder.ts"

function project(step: string): string {
  const folder = temporaryFolder()
  writeFileSync(join(folder, "step.ts"), step)
  writeFileSync(
    join(folder, "in.jsonl"),
    jsonLines([
      { id: "a", text: "fine" },
      { id: "b", text: "loop" },
    ]),
  )
  return folder
}

const loops = `import { writeFileSync } from "node:fs"
export default {
  kind: "row", id: "loops", version: 1, params: {},
  run(row) {
    if (row.text !== "loop") return null
    writeFileSync("looping", "")
    for (;;);
  },
}`

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s twice ends a command whose step loops for ever",
  async (signal) => {
    const cwd = project(loops)
    const command = new RunningCommand(["apply", "./step.ts", "in.jsonl", "out.jsonl"], { cwd })
    expect(await command.until(() => existsSync(join(cwd, "looping")))).toBe(true)
    // As an impatient person does it: again and again until it has ended.
    let signals = 0
    while (command.running && signals < 200) {
      command.kill(signal)
      signals++
      await pause(500)
    }
    const { code, signal: endedBy, stderr } = await command.ended
    expect([code, endedBy]).toEqual([null, "SIGKILL"])
    expect(stderr).toContain("The blocked process is ended; what is done is kept")
    expect(existsSync(join(cwd, "out.jsonl"))).toBe(false)
    while (groupLives(command)) await pause(50)
  },
  120_000,
)

test("a step that does not come back is named", async () => {
  const command = new RunningCommand(["apply", "./step.ts", "in.jsonl", "out.jsonl"], { cwd: project(loops) })
  expect(await command.until(() => command.stderr.includes("Nothing has moved for 10 s: "))).toBe(true)
  expect(command.stderr).toContain("step loops, row b does not come back. Ctrl-C ends the process at once")
  // A signal to this process alone cannot be heard: how it is ended all the same is said.
  process.kill(command.pid, "SIGTERM")
  await pause(3_000)
  expect(command.running).toBe(true)
  expect(command.stderr).toContain(`and so does kill -KILL ${command.pid};`)
  process.kill(command.pid, "SIGKILL")
  expect(await command.ended).toMatchObject({ code: null, signal: "SIGKILL" })
  while (groupLives(command)) await pause(50)
}, 120_000)

test("a step that is only slow runs to its end, and nothing is left behind", async () => {
  const cwd = project(`export default {
    kind: "row", id: "slow", version: 1, params: {},
    run() {
      const end = Date.now() + 3_500
      while (Date.now() < end);
      return null
    },
  }`)
  const command = new RunningCommand(["apply", "./step.ts", "in.jsonl", "out.jsonl"], { cwd })
  const { code, stderr } = await command.ended
  expect(code, stderr).toBe(0)
  expect(stderr).not.toContain("is ended")
  while (groupLives(command)) await pause(50)
}, 120_000)
