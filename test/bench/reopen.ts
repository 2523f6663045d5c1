// How long it takes to go on with a run that has many settled answers: node test/bench/reopen.ts [answers]
// The run folder is made through a recipe whose effects are instant. Measured are processes of their own: the same command again (all is
// reused), and again after its last stages are lost (nothing asked, all replayed), and the status of it.
import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { z } from "zod"
import { Ledger } from "../../pipelines/runtime/ledger.ts"
import { defineRecipe } from "../../pipelines/runtime/recipe.ts"
import { run } from "../../pipelines/runtime/run.ts"
import { readStatus } from "../../pipelines/runtime/status.ts"
import { table, text } from "../../schemas/columns.ts"

const answersPerRow = 8

const asked = table("asked", { id: text(), text: text() })
const answered = table("answered", { ...asked.columns, answer: text() })

const recipe = (answers: number) =>
  defineRecipe({
    name: "reopen",
    about: "Instant answers",
    version: 1,
    config: z.strictObject({}),
    open: () => ({
      stages: [
        {
          kind: "import",
          id: "source",
          version: 1,
          params: { answers },
          columns: asked.columns,
          rowsPerShard: 256,
          failureLimit: 0,
          digests: async () => [],
          async *rows() {
            for (let at = 0; at < answers / answersPerRow; at++) yield { row: { id: `q${at}`, text: `question ${at}` } }
          },
        },
        {
          kind: "map",
          id: "draft",
          input: "source",
          failureLimit: 0,
          rowsInFlight: 256,
          steps: [
            {
              kind: "program",
              id: "answer",
              version: 1,
              params: {},
              adds: { answer: text() },
              async run(row, effects) {
                const given = await Promise.all(
                  Array.from({ length: answersPerRow }, (_, sample) =>
                    effects.settle({
                      kind: "chat",
                      identity: "instant",
                      request: { text: row.text },
                      sample,
                      perform: async () => ({ value: { answer: "x".repeat(200) }, usage: { input: 10, output: 50 } }),
                    }),
                  ),
                )
                return { keep: [{ ...row, answer: given[0]!.id }] }
              },
            },
          ],
        },
      ],
      path: ["source", "draft"],
      exports: [{ folder: "dataset", about: "all", table: answered, from: "draft", rows: (row) => [row] }],
      endpoints: [],
      close: async () => {},
    }),
  })

const [first, named] = process.argv.slice(2)
if (first === "part") {
  // In a process of its own: what is measured is printed as JSON.
  const part = named!
  const [out, answers] = [process.argv[4]!, Number(process.argv[5])]
  const startedMs = performance.now()
  const started = { settledMs: 0 }
  if (part === "ledger") await (await Ledger.open(join(out, "ledger"), "exclusive")).close()
  else if (part === "status") await readStatus(out)
  else
    await run({
      recipe: recipe(answers),
      config: {},
      out,
      onEvent: ({ event }) => {
        if (event === "run.started") started.settledMs = performance.now() - startedMs
      },
    })
  const { rss } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  process.stdout.write(
    JSON.stringify({
      ms: performance.now() - startedMs,
      startedMs: started.settledMs,
      megabytes: rss / 2 ** 20,
      cpuMs: (user + system) / 1_000,
    }),
  )
} else {
  const answers = Number(first ?? 100_000)
  const out = mkdtempSync(join(tmpdir(), "cotyledon-reopen-"))
  const part = (name: string) => {
    const said = execFileSync(process.execPath, [import.meta.filename, "part", name, out, String(answers)])
    const { ms, startedMs, megabytes, cpuMs } = JSON.parse(said.toString()) as Record<string, number> & {
      ms: number
      startedMs: number
      megabytes: number
      cpuMs: number
    }
    const start = startedMs === 0 ? "" : `, the run starts after ${(startedMs / 1_000).toFixed(2)} s`
    console.log(
      `${name}: ${(ms / 1_000).toFixed(2)} s${start}, ${(cpuMs / 1_000).toFixed(2)} s of CPU, ${megabytes.toFixed(0)} MiB`,
    )
  }
  try {
    console.log(`${answers} answers in ${answers / answersPerRow} rows`)
    part("made")
    const bytesOf = (name: string) =>
      (readdirSync(join(out, name), { recursive: true }) as string[]).reduce(
        (sum, path) => sum + statSync(join(out, name, path)).size,
        0,
      )
    for (const name of ["ledger", "events", "stages"])
      console.log(`${name}/ ${(bytesOf(name) / 2 ** 20).toFixed(1)} MiB`)
    part("ledger")
    part("status")
    part("again")
    rmSync(join(out, "stages", "draft"), { recursive: true })
    part("replayed")
  } finally {
    rmSync(out, { recursive: true })
  }
}
