// The report of a run: the built command, and the page in a browser where there is one.
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { beforeAll, describe, expect, test } from "vitest"
import { runCommand } from "../../faults/run-command.ts"
import { readManifest, scene, sums } from "../../faults/scene.ts"
import { startEndpoint } from "../../faults/start-endpoint.ts"

/** A source's own text is hostile, too. */
const hostile = `</pre></script><script>document.title="owned"</script><img src=x onerror="document.title='owned'"> \u202e`

let run: string
let page: string

beforeAll(async () => {
  const endpoint = await startEndpoint({ delayMs: 2 })
  const questions = sums(30).map((question, at) =>
    at % 10 === 3
      ? { ...question, id: `${question.id} ${hostile}`, question: `${question.question} ${hostile}` }
      : question,
  )
  const { folder, config } = await scene(endpoint.url, {
    // The last one has no question: it fails.
    questions: [...questions, { id: hostile, reference: "1" }],
    model: { price: { input: 1, output: 10 } },
    config: { failureLimit: 1 },
  })
  run = join(folder, "run")
  expect(await runCommand(["run", config, "--out", run])).toMatchObject({ code: 0 })
  expect(await runCommand(["report", run])).toMatchObject({ code: 0, stdout: "" })
  page = await readFile(join(run, "report.html"), "utf8")
}, 150_000)

describe("the page", () => {
  test("has the funnel's numbers, distributions, models and samples with thinking folded", async () => {
    const { rows, drops } = await readManifest(run)
    expect(page).toContain(`<dt>source rows</dt><dd>${rows.in}</dd>`)
    expect(page).toContain(`<dt>in the dataset</dt><dd>${rows.out} (`)
    for (const reasons of Object.values(drops))
      for (const reason of Object.keys(reasons)) expect(page).toContain(reason)
    for (const heading of [
      "Funnel",
      "Yield per step",
      "Stages",
      "Distributions",
      "Length of responses",
      "Pass rate of questions",
      "Answers by model",
      "Sample rows",
      "Dropped rows",
      "Failed rows",
    ])
      expect(page).toMatch(new RegExp(`<h[23][^>]*>${heading}</h`))
    expect(page).toMatch(/<details><summary>thinking \(\d+ characters\)<\/summary><pre>I add/)
  })

  test("asks nothing of any network and holds no script, whatever rows say", () => {
    expect(page).not.toMatch(/<(script|iframe|object|embed|link|img|base|form|audio|video)\b/i)
    expect(page).not.toMatch(/<[^>]*\s(on\w+|src|srcset|href="(?!#)|style|action)=/i)
    expect(page).not.toMatch(/url\(|@import/)
    expect(page).toContain("default-src 'none'")
    expect(page).toContain("&#60;script&#62;document.title")
    expect(page).not.toContain("\u202e")
  })

  test("goes where it is told to; a folder that is no run is refused", async () => {
    const out = await runCommand(["report", run, "--to", "-"])
    expect(out.stdout.length).toBe(page.length)
    const elsewhere = join(run, "..", "pages", "one.html")
    expect(JSON.parse((await runCommand(["report", run, "--to", elsewhere, "--json"])).stdout)).toMatchObject({
      report: elsewhere,
    })
    for (const [to, what] of [
      [run, "--to is a folder"],
      [join(run, "run.json", "one.html"), "--to is below a file"],
      [join(run, "run.json", "deeper", "one.html"), "--to is below a file"],
      ["/dev/null", "--to is no file that could be replaced"],
    ] as const) {
      const wrong = await runCommand(["report", run, "--to", to])
      expect(wrong.code).toBe(2)
      expect(wrong.stderr).toContain(`${what} (${to})`)
    }
    const none = await runCommand(["report", join(run, "..")])
    expect(none.code).toBe(2)
    expect(none.stderr).toContain("There is no run in this folder")
  })
})

const browser = ["chromium", "chromium-browser", "google-chrome"].find(
  (name) => spawnSync(name, ["--version"], { timeout: 20_000 }).status === 0,
)

describe.skipIf(browser === undefined)(
  `in a browser${browser === undefined ? " (skipped: there is no Chromium)" : ""}`,
  () => {
    const open = (...args: string[]): string => {
      const profile = mkdtempSync(join(tmpdir(), "cotyledon-browser-"))
      try {
        const flags = ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${profile}`, ...args]
        return execFileSync(browser!, [...flags, pathToFileURL(join(run, "report.html")).href], {
          encoding: "utf8",
          stdio: ["ignore", "pipe", "ignore"],
          timeout: 100_000,
          maxBuffer: 1 << 28,
        })
      } finally {
        rmSync(profile, { recursive: true, force: true })
      }
    }

    test("it opens from disk, its charts stand, and no text of a row became a part of it", { timeout: 120_000 }, () => {
      const dom = open("--dump-dom")
      expect(dom).toMatch(/<title>cold-start: /)
      expect(dom).not.toMatch(/<script|<img/)
      expect(dom.match(/<svg/g)!.length).toBeGreaterThanOrEqual(4)
      expect(dom.match(/<section/g)!.length).toBe(page.match(/<section/g)!.length)
    })
  },
)
