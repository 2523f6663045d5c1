import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { modeFusion } from "../../../pipelines/mode-fusion/recipe.ts"
import { run } from "../../../pipelines/runtime/run.ts"
import { modeFusionConfig } from "../../../schemas/mode-fusion-config.ts"
import { jsonLines } from "../../faults/scene.ts"

const folders: string[] = []
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

/** A folder of this test file's own. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "cotyledon-fusion-"))
  folders.push(folder)
  return folder
}

/** Writes rows as JSON Lines and gives their path. */
export async function samplesFile(folder: string, name: string, rows: readonly unknown[]): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, jsonLines(rows))
  return path
}

/** A thinking sample in F3 form. */
export const thinkingSample = (id: string, more: object = {}) => ({
  id,
  prompt: [{ role: "user", content: `What is the number of ${id}?` }],
  completion: [{ role: "assistant", content: `<think>\nIt is in the name.\n</think>\n\nThe number is ${id}.` }],
  chat_template_kwargs: { enable_thinking: true },
  enable_thinking: true,
  source: "numbers",
  license: "MIT",
  domain: "mathematics",
  ...more,
})

/** A non-thinking sample as a question with its answer. */
export const plainSample = (id: string, more: object = {}) => ({
  id,
  question: `What is the colour of ${id}?`,
  response: `The colour of ${id} is blue.`,
  category: "question-answering",
  ...more,
})

/** Runs a fusion in this process; the config's paths and keys are given, `out` is a folder name under `folder`. */
export async function fuse(
  folder: string,
  config: Record<string, unknown>,
  options: { out?: string; limit?: number } = {},
) {
  const out = join(folder, options.out ?? "run")
  const warnings: string[] = []
  const { manifest, reused } = await run({
    recipe: modeFusion,
    config: modeFusionConfig.parse({ recipe: "mode-fusion", ...config }),
    out,
    limit: options.limit ?? null,
    onEvent: (event) => {
      if (event.event === "warning") warnings.push(event.message)
    },
  })
  return { out, manifest, reused, warnings }
}
