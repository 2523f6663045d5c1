import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { linesOf, RunningCommand, runCommand } from "../../faults/run-command.ts"
import { newFolder } from "../../faults/scene.ts"
import { sampleOf, samplesOf, writeRun } from "../../pipelines/export/made-run.ts"
import { smallDisk } from "../../pipelines/runtime/folder.ts"

let run: string
let bigRun: string

beforeAll(async () => {
  const folder = await newFolder()
  run = await writeRun(join(folder, "run"), [...samplesOf(40), sampleOf("bad", { completion: [] })])
  bigRun = await writeRun(join(folder, "big"), samplesOf(6_000))
})

const whole = (to: string) => readdirSync(to).filter((name) => /^[0-9a-f]{64}$/.test(name))

describe("handoff RUN --to DIR", () => {
  test("prints the folder, says what became of every row, and is there already the second time", async () => {
    const to = join(await newFolder(), "out")
    const first = await runCommand(["handoff", run, "--to", to])
    expect(first).toMatchObject({ code: 0, stdout: `${join(to, whole(to)[0]!)}\n` })
    expect(first.stderr).toContain("41 samples = 40 written (0 cut) + 1 rejected: 1 bad-completion")
    const second = await runCommand(["handoff", run, "--to", to, "--json"])
    expect(JSON.parse(second.stdout)).toMatchObject({
      sha256: whole(to)[0],
      stood: true,
      rows: { in: 41, written: 40, rejected: { "bad-completion": 1 } },
    })
    expect(second.stderr).toContain("It is there already")
  })

  test("refuses what it cannot take, with exit code 2 and nothing written", async () => {
    const folder = await newFolder()
    const to = join(folder, "out")
    for (const [args, says] of [
      [["handoff", run], /--to DIR/],
      [["handoff", folder, "--to", to], /There is no finished run/],
      [["handoff", run, to, "--to", to], /Two folders are one too many/],
      [["handoff", run, "--to", to, "--model", "9B"], /no such model/],
      [["handoff", run, "--to", to, "--over-long", "keep"], /drop or cut/],
      [["handoff", run, "--to", join(run, "manifest.json")], /A file stands where a folder is needed/],
    ] as const) {
      const ended = await runCommand(args)
      expect(ended).toMatchObject({ code: 2, stdout: "" })
      expect(ended.stderr).toMatch(says)
      expect(linesOf(ended).length).toBeLessThanOrEqual(4)
    }
    expect(existsSync(to)).toBe(false)
  })

  test("killed in the middle leaves no half handoff, and the next one sweeps up", async () => {
    const to = join(await newFolder(), "out")
    const command = new RunningCommand(["handoff", bigRun, "--to", to, "--model", "0.6B"])
    const started = await command.until(() => existsSync(to) && readdirSync(to).some((name) => name.endsWith(".tmp")))
    expect(started).toBe(true)
    command.kill("SIGKILL")
    await command.ended
    expect(whole(to)).toEqual([])
    expect(await runCommand(["handoff", run, "--to", to])).toMatchObject({ code: 0 })
    expect(readdirSync(to)).toEqual(whole(to))
    expect(whole(to)).toHaveLength(1)
  })

  test("interrupted ends with 130 and removes what it wrote", async () => {
    const to = join(await newFolder(), "out")
    const command = new RunningCommand(["handoff", bigRun, "--to", to])
    await command.until(() => existsSync(to) && readdirSync(to).some((name) => name.endsWith(".tmp")))
    command.kill("SIGTERM")
    expect(await command.ended).toMatchObject({ code: 130 })
    expect(readdirSync(to)).toEqual([])
  })

  test("on a disk that is full says so and leaves nothing", async (context) => {
    const disk = smallDisk(4_096)
    if (!disk) return context.skip("no small file system can be mounted here")
    const ended = await runCommand(["handoff", run, "--to", join(disk, "out")])
    expect(ended).toMatchObject({ code: 1 })
    expect(ended.stderr).toMatch(/The disk is full[\s\S]*Free space there/)
    expect(readdirSync(join(disk, "out"))).toEqual([])
  })
})

describe("handoff verify DIR", () => {
  test("says that all is as it was written, with 0", async () => {
    const to = join(await newFolder(), "out")
    await runCommand(["handoff", run, "--to", to])
    const ended = await runCommand(["handoff", "verify", to, "--json"])
    expect(ended.code).toBe(0)
    expect(JSON.parse(ended.stdout)).toMatchObject({ whole: true, findings: [], samples: 40, probes: 40 })
    expect(ended.stderr).toMatch(/is whole; \d+ files/)
  })

  test("names file and row of what changed, with 1", async () => {
    const to = join(await newFolder(), "out")
    await runCommand(["handoff", run, "--to", to])
    const stream = join(to, whole(to)[0]!, "tokens/train.bin")
    const bytes = readFileSync(stream)
    bytes[4]! ^= 1
    writeFileSync(stream, bytes)
    const ended = await runCommand(["handoff", "verify", to])
    expect(ended).toMatchObject({ code: 1, stdout: "" })
    expect(ended.stderr).toMatch(/^tokens\/train\.bin: its bytes changed: expected SHA-256/m)
    expect(ended.stderr).toMatch(
      /^tokens\/train\.bin, row document 0, sample q0: its token ids are not those of sft\//m,
    )
  })

  test("says that there is no handoff, with 2", async () => {
    const ended = await runCommand(["handoff", "verify", run])
    expect(ended).toMatchObject({ code: 2, stdout: "" })
    expect(ended.stderr).toMatch(/The folder is no handoff of ours/)
    expect(await runCommand(["handoff", "verify", run, "--quick", "--full"])).toMatchObject({ code: 2 })
  })
})
