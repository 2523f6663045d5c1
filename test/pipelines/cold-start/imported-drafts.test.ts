// Drafts that were made elsewhere, through the whole cold start.
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { linesOf, runCommand } from "../../faults/run-command.ts"
import { expectPartition, expectWhole, jsonLines, publishedRows, readManifest, scene } from "../../faults/scene.ts"
import { startEndpoint } from "../../faults/start-endpoint.ts"

const questions = Array.from({ length: 12 }, (_, at) => ({
  id: `q${at}`,
  question: `What is ${at} + ${at * 7}?`,
  reference: String(at * 8),
}))
const thought = (answer: number) =>
  `<think>\nI add the two numbers and check the sum.\n</think>\n\nSo \\boxed{${answer}}.`

test("they are verified, marked, count towards the drafts and are not asked for again", {
  timeout: 120_000,
}, async () => {
  const endpoint = await startEndpoint()
  const drafts = { maxTokens: 512, initial: 4, maximum: 4 }
  const judge = { judge: "off" }
  const { config, folder } = await scene(endpoint.url, {
    questions,
    config: { drafts, reserve: { share: 0 }, filters: { guesswork: judge, summary: judge } },
  })
  const plain = join(folder, "plain")
  expect(await runCommand(["run", config, "--out", plain])).toMatchObject({ code: 0 })
  const askedPlain = endpoint.requests().length
  // Four for the even questions, of which two are right, one is wrong and one is hostile; one for the third.
  const rows = questions
    .filter((_, at) => at % 2 === 0)
    .map(({ question }, at) => ({
      problem: ` ${question}\n`,
      generations: [
        thought(at * 16),
        thought(at * 16),
        thought(1_000),
        `\u001b[2J ${thought(at * 16)}`,
        thought(at * 16),
      ],
    }))
  await writeFile(join(folder, "r1.jsonl"), jsonLines([...rows, { problem: "Another one?", generations: ["x"] }]))
  const imports = JSON.stringify([{ path: join(folder, "r1.jsonl"), model: "DeepSeek-R1", license: "mit" }])
  await endpoint.forget()
  const run = join(folder, "run")
  const args = ["run", config, "--out", run, "--set", `drafts.import=${imports}`]
  expect(await runCommand(args)).toMatchObject({ code: 0 })
  await expectWhole(run)
  await expectPartition(
    run,
    questions.map(({ id }) => id),
  )
  const unfiltered = await publishedRows(run, "unfiltered")
  const bought = unfiltered.filter(({ model }) => model === "DeepSeek-R1")
  const reached = new Set(unfiltered.map(({ question_id }) => question_id))
  const evens = questions.filter(({ id }, at) => at % 2 === 0 && reached.has(id))
  expect(evens.length).toBeGreaterThan(3)
  expect(bought).toHaveLength(4 * evens.length)
  for (const row of bought) {
    expect(row).toMatchObject({ temperature: null, top_p: null, max_tokens: null, seed: -1 })
    expect(row.exchange).toMatch(/^import:[0-9a-f]{24}$/)
    expect(Number(row.output_tokens)).toBeGreaterThan(10)
  }
  expect(new Set(bought.map(({ exchange }) => `${exchange}`)).size).toBe(bought.length)
  expect(bought.filter(({ verdict }) => verdict === "correct")).toHaveLength(3 * evens.length)
  // Four is what a question gets: none was asked for where four were there.
  for (const { id } of evens)
    expect(unfiltered.filter(({ question_id, model }) => question_id === id && model === "fake")).toEqual([])
  expect(endpoint.requests().length).toBe(askedPlain - 4 * evens.length)
  const { lineage, tallies } = await readManifest(run)
  expect(lineage.inputs.map(({ name, license }) => [name, license])).toContainEqual(["r1.jsonl", "mit"])
  expect(tallies.draft).toMatchObject({ "imported drafts": 4 * evens.length, "unfit imports": evens.length })

  await endpoint.forget()
  const again = await runCommand(args)
  expect(again.stderr).toContain("the dataset stood already")
  await writeFile(join(folder, "r1.jsonl"), jsonLines(rows.slice(1)))
  const changed = await runCommand(args)
  expect(changed.stderr).toMatch(/questions: done again, its input changed/)
  expect(endpoint.requests().length).toBeLessThanOrEqual(4)

  await writeFile(join(folder, "r1.jsonl"), jsonLines([{ problem: "Another one?", generations: ["x"] }]))
  const none = await runCommand([
    "run",
    config,
    "--out",
    join(folder, "none"),
    "--quiet",
    "--set",
    `drafts.import=${imports}`,
  ])
  expect(none.code).toBe(1)
  expect(linesOf(none).join("\n")).toContain("No imported draft belongs to a question")
})
