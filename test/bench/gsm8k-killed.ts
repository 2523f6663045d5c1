// 24 GSM8K questions against `models serve` over HTTP: an undisturbed run, and one that is killed three times with SIGKILL; both must end
// with the same bytes. Prints the yield and the times. `COTYLEDON_DATA=... node test/bench/gsm8k-killed.ts` after `npm run build`.
import { type ChildProcess, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as pause } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { quickStart } from "../../pipelines/cold-start/quick-start.ts"

const bin = fileURLToPath(new URL("../../dist/ui/bin.js", import.meta.url))
const data = process.env.COTYLEDON_DATA ?? fileURLToPath(new URL("../../../shared/data", import.meta.url))
const killsWanted = 3
const rows = 24

/** Bytes of all that a run published. The like in test/faults registers with the test runner. */
async function published(run: string): Promise<string> {
  const hash = createHash("sha256")
  for (const folder of ["dataset", "unfiltered", "review", "dropped", "failed"])
    for (const name of (await readdir(join(run, folder))).sort()) hash.update(await readFile(join(run, folder, name)))
  return hash.update(await readFile(join(run, "manifest.json"))).digest("hex")
}

const command = (args: string[], output: "ignore" | "inherit" = "ignore"): ChildProcess =>
  spawn(process.execPath, [bin, ...args], { stdio: ["ignore", "pipe", output], detached: true })
const ended = (child: ChildProcess) =>
  new Promise<number | string>((resolve) => child.on("close", (code, signal) => resolve(code ?? signal ?? "unknown")))

const folder = await mkdtemp(join(tmpdir(), "cotyledon-gsm8k-"))
const questions = (await readFile(join(data, "questions/gsm8k-train.jsonl"), "utf8")).split("\n").slice(0, rows)
await writeFile(join(folder, "questions.jsonl"), questions.join("\n"))

const server = command(["models", "serve", "--port", "0", "--json"])
const [line] = (await new Promise<string[]>((resolve) => {
  createInterface({ input: server.stdout! }).once("line", (text) => resolve([text]))
})) as [string]
const { url } = JSON.parse(line) as { url: string }
const model = { baseUrl: url, model: "smollm2-135m-instruct", maxInFlight: 4 }
const config = {
  ...quickStart,
  questions: [{ path: "questions.jsonl", license: "MIT" }],
  models: { judge: model, drafter: model },
  reserve: { share: 0 },
  rowsPerShard: 8,
}
await writeFile(join(folder, "config.json"), JSON.stringify(config))

try {
  const startMs = Date.now()
  const undisturbed = join(folder, "undisturbed")
  const code = await ended(command(["run", join(folder, "config.json"), "--out", undisturbed, "--quiet"], "inherit"))
  const wholeMs = Date.now() - startMs
  const { rows: counts, drops, tallies } = JSON.parse(await readFile(join(undisturbed, "manifest.json"), "utf8"))
  console.log(
    JSON.stringify({ run: "undisturbed", exit: code, seconds: Math.round(wholeMs / 1000), counts, drops, tallies }),
  )

  const killed = join(folder, "killed")
  const killedStartMs = Date.now()
  for (let kill = 0; kill < killsWanted; kill++) {
    const child = command(["run", join(folder, "config.json"), "--out", killed, "--quiet"])
    const end = ended(child)
    // Each start goes on from what is settled: short enough that the last one has work left to be killed in.
    await Promise.race([pause(wholeMs / (killsWanted + 3)), end])
    if (child.exitCode === null) process.kill(-child.pid!, "SIGKILL")
    console.log(
      JSON.stringify({
        kill: kill + 1,
        afterSeconds: Math.round((Date.now() - killedStartMs) / 1000),
        exit: await end,
      }),
    )
  }
  const last = await ended(command(["run", join(folder, "config.json"), "--out", killed, "--quiet"], "inherit"))
  const same = (await published(undisturbed)) === (await published(killed))
  console.log(
    JSON.stringify({
      run: "killed",
      exit: last,
      seconds: Math.round((Date.now() - killedStartMs) / 1000),
      identical: same,
    }),
  )
  process.exitCode = same && code === 0 && last === 0 ? 0 : 1
} finally {
  process.kill(-server.pid!, "SIGTERM")
  await rm(folder, { recursive: true, force: true })
}
