import { rmSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { coldStart } from "../../../pipelines/cold-start/recipe.ts"
import { exitCode } from "../../../pipelines/runtime/errors.ts"
import { run } from "../../../pipelines/runtime/run.ts"
import { coldStartConfig } from "../../../schemas/config.ts"
import { jsonLines, newFolder, publishedRows, sums } from "../../faults/scene.ts"
import { startEndpoint } from "../../faults/start-endpoint.ts"
import { temporaryFolder } from "./folder.ts"
import { published, rowsOfTexts, runTiny, someTexts } from "./tiny-recipe.ts"

test("a whole ledger gives the same datasets again, and nothing is asked", async () => {
  const out = temporaryFolder()
  await runTiny(out)
  const before = published(out)
  rmSync(join(out, "stages"), { recursive: true })
  rmSync(join(out, "manifest.json"))
  const { calls, result } = await runTiny(out, {}, { offline: true })
  expect(calls).toBe(0)
  expect(result!.manifest.lineage.finished_early).toBe(false)
  expect(published(out)).toEqual(before)
})

test("what is not settled fails its row; a later run asks for it and ends like one that was never offline", async () => {
  const out = temporaryFolder()
  await runTiny(out, { rows: rowsOfTexts(someTexts(8)) })
  const offline = await runTiny(out, { failureLimit: 1 }, { offline: true })
  expect(offline.calls).toBe(0)
  const { rows } = offline.result!.manifest
  expect(rows.failed).toBeGreaterThan(0)
  expect(rows.in).toBe(rows.out + rows.dropped + rows.failed)
  const reasons = offline.events.flatMap((event) => (event.event === "row.failed" ? [event.reason] : []))
  expect(new Set(reasons)).toEqual(new Set(["not-settled"]))
  await runTiny(out)
  const undisturbed = temporaryFolder()
  await runTiny(undisturbed)
  expect(published(out)).toEqual(published(undisturbed))
})

test("above the failure limit it stops and says what is missing", async () => {
  const { error, calls } = await runTiny(temporaryFolder(), {}, { offline: true })
  expect(calls).toBe(0)
  expect(error).toMatchObject({ exit: exitCode.stopped, message: expect.stringContaining("not-settled") })
})

test("no connection is opened", { timeout: 60_000 }, async () => {
  let connections = 0
  const server = createServer((socket) => {
    connections++
    socket.destroy()
  }).listen(0, "127.0.0.1")
  await new Promise((resolve) => server.once("listening", resolve))
  onTestFinished(() => {
    server.close()
  })
  const { port } = server.address() as { port: number }
  const folder = await newFolder()
  const questions = join(folder, "questions.jsonl")
  await writeFile(questions, jsonLines(sums(12)))
  const role = { baseUrl: `http://127.0.0.1:${port}/v1`, model: "m" }
  const config = coldStartConfig.parse({
    recipe: "cold-start",
    questions: [questions],
    models: { judge: role, drafter: role },
    failureLimit: 1,
  })
  const out = join(folder, "run")
  const { manifest } = await run({ recipe: coldStart, config, out, offline: true })
  expect(connections).toBe(0)
  expect(manifest.rows).toMatchObject({ in: 12, out: 0, failed: 12 })
  expect(new Set((await publishedRows(out, "failed")).map(({ reason }) => reason))).toEqual(new Set(["not-settled"]))
})

test("a shared ledger is enough for a run in a new folder", { timeout: 120_000 }, async () => {
  const server = await startEndpoint()
  const folder = await newFolder()
  const questions = join(folder, "questions.jsonl")
  await writeFile(questions, jsonLines(sums(12)))
  const role = { baseUrl: server.url, model: "fake" }
  const config = coldStartConfig.parse({
    recipe: "cold-start",
    questions: [questions],
    models: { judge: role, drafter: role },
    drafts: { initial: 1, maximum: 2, maxTokens: 512 },
    ledger: join(folder, "house"),
  })
  const online = await run({ recipe: coldStart, config, out: join(folder, "online") })
  await server.kill()
  const offline = await run({ recipe: coldStart, config, out: join(folder, "offline"), offline: true })
  expect(offline.manifest.rows).toEqual(online.manifest.rows)
  expect(offline.manifest.rows.failed).toBe(0)
  const rows = (out: string) => publishedRows(join(folder, out), "dataset")
  expect(await rows("offline")).toEqual(await rows("online"))
})
