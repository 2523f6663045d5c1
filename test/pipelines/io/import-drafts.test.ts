import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { checkDraftColumns, ImportedDrafts, resolveDrafts } from "../../../pipelines/io/import-drafts.ts"
import { exitCode } from "../../../pipelines/runtime/errors.ts"
import { temporaryFolder } from "../runtime/folder.ts"

async function imported(rows: unknown[], columns?: Record<string, string>) {
  const folder = temporaryFolder()
  writeFileSync(join(folder, "drafts.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""))
  const source = { path: join(folder, "drafts.jsonl"), model: "R1", ...(columns && { columns }) }
  const files = await resolveDrafts([source], folder)
  for (const file of files) await checkDraftColumns(file)
  const scratch = join(folder, "scratch.tmp")
  const drafts = await ImportedDrafts.read(files, scratch)
  return {
    drafts,
    of: (question: string) => drafts.of(question),
    scratch,
  }
}

const draft = (content: string, more = {}) => ({
  content,
  reasoning: null,
  finish: "stop",
  outputTokens: null,
  model: "R1",
  ...more,
})

describe("drafts of a question are found in", () => {
  test("the columns of OpenR1-Math: several generations, one of them cut", async () => {
    const { of, drafts, scratch } = await imported([
      {
        problem: "What is  1 + 1?\n",
        answer: "2",
        generations: ["<think>a</think>2", "<think>never ends", null],
        is_reasoning_complete: [true, false, null],
      },
    ])
    expect(await of("What is 1 + 1?")).toEqual([
      draft("<think>a</think>2"),
      draft("<think>never ends", { finish: "length" }),
    ])
    expect(await of("What is 1 + 2?")).toEqual([])
    expect(existsSync(scratch)).toBe(true)
    await drafts.close()
    expect(existsSync(scratch)).toBe(false)
  })

  test("rows of one response each, with reasoning apart and tokens counted", async () => {
    const { of, drafts } = await imported([
      { question: "q", response: "2", reasoning_content: "r", completion_tokens: 17, finish_reason: "length" },
      { question: "q", response: "3" },
    ])
    expect(await of("q")).toEqual([draft("2", { reasoning: "r", outputTokens: 17, finish: "length" }), draft("3")])
    await drafts.close()
  })

  test("conversations, and lists of messages with reasoning", async () => {
    const { of, drafts } = await imported([
      {
        messages: [
          { role: "system", content: "s" },
          { role: "user", content: "q" },
          { role: "assistant", content: "2", reasoning_content: "r" },
        ],
      },
      { prompt: [{ role: "user", content: "p" }], responses: [{ content: "1", reasoning: "r" }, { content: "2" }] },
    ])
    expect(await of("q")).toEqual([draft("2", { reasoning: "r" })])
    expect(await of("p")).toEqual([draft("1", { reasoning: "r" }), draft("2")])
    await drafts.close()
  })

  test("columns that the config names", async () => {
    const { of, drafts } = await imported([{ ask: "q", said: ["1"] }], { question: "ask", responses: "said" })
    expect(await of("q")).toEqual([draft("1")])
    await drafts.close()
  })
})

test.each([
  [{ problem: "q", text: "a" }, undefined, /No column with the drafts.*drafts\.jsonl/s],
  [{ generations: ["a"] }, undefined, /No column with the question/],
  [{ problem: "q", generations: ["a"] }, { question: "ask" }, /names a missing column/],
  [{ problem: "q", generations: ["a"] }, { reference: "answer" }, /Unknown column in the mapping/],
])("what does not fit is said before anything starts: %j", async (row, columns, message) => {
  await expect(imported([row], columns as never)).rejects.toMatchObject({
    exit: exitCode.usage,
    message: expect.stringMatching(message),
  })
})

test.each([
  [{ problem: 7, generations: ["a"] }, /expected a question/],
  [{ problem: "q", generations: [7] }, /generations\[0\]: expected text/],
  [{ problem: "q", generations: [{ text: "a" }] }, /expected text, or \{content/],
])("a row that is no draft stops the import with file and line: %j", async (row, message) => {
  await expect(imported([{ problem: "q", generations: ["a"] }, row])).rejects.toMatchObject({
    exit: exitCode.stopped,
    message: expect.stringMatching(new RegExp(`drafts\\.jsonl, line 2[^]*${message.source}`)),
  })
})
