// A handoff of a run made by hand: samples of both modes in several scripts, dialogues, tools, and prompts for RL.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import type { HandoffOptions } from "../../pipelines/export/handoff-options.ts"
import { writeHandoff } from "../../pipelines/export/write-handoff.ts"
import {
  answer,
  droppedQuestion,
  sampleOf,
  samplesOf,
  sampleWithTools,
  writeRun,
} from "../pipelines/export/made-run.ts"

export interface MadeHandoff {
  /** A folder of this test file's own. */
  folder: string
  /** The handoff. */
  path: string
}

const tool = {
  type: "function",
  function: {
    name: "weather",
    description: "Weather of a city, “now”",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
}

const call = '<tool_call>\n{"name": "weather", "arguments": {"city": "Köln"}}\n</tool_call>'

/** Samples that call a tool, and that answer from what two calls gave. */
const toolSamples = [
  sampleOf("calls", {
    prompt: [
      { role: "system", content: "Look it up." },
      { role: "user", content: "How is the weather in Köln?" },
    ],
    completion: [answer("I need the weather.", call)],
    tools: JSON.stringify([tool]),
  }),
  sampleOf("answers", {
    prompt: [
      { role: "user", content: "How is the weather in Köln and Ulm? /no_think" },
      { role: "assistant", content: `${call}\n${call.replace("Köln", "Ulm")}` },
      { role: "tool", content: '{"sky": "clear"}' },
      { role: "tool", content: '{"sky": "rain"}' },
    ],
    completion: [answer("", "Clear in Köln, rain in Ulm.")],
    chat_template_kwargs: { enable_thinking: false },
    enable_thinking: false,
    tools: JSON.stringify([tool]),
  }),
]

/** Samples of a made handoff. */
export const madeSamples = [...samplesOf(88).map((sample) => ({ ...sample, tools: null })), ...toolSamples]

/** Is rejected: it holds no answer. */
const unsound = { ...sampleOf("empty", { completion: [{ role: "assistant", content: "" }] }), tools: null }

/** Makes a handoff before the tests of a file, and removes it behind them. Nothing is made where the tests are skipped. */
export function useMadeHandoff(skipped: boolean, options: Partial<HandoffOptions> = {}): MadeHandoff {
  const made: MadeHandoff = { folder: "", path: "" }
  beforeAll(async () => {
    if (skipped) return
    made.folder = mkdtempSync(join(tmpdir(), "cotyledon-handoff-"))
    const dropped = Array.from({ length: 12 }, (_, at) =>
      droppedQuestion(`question-${at}`, { reference: `${7 * at + 100}` }),
    )
    const run = await writeRun(join(made.folder, "run"), [...madeSamples, unsound], {
      dropped,
      table: sampleWithTools,
      rowsPerFile: 50,
    })
    const to = join(made.folder, "handoff")
    const { path } = await writeHandoff({ run, to, model: "0.6B", maxLength: 512, sequenceLength: 1_024, ...options })
    made.path = path
  })
  afterAll(() => {
    if (made.folder !== "") rmSync(made.folder, { recursive: true, force: true })
  })
  return made
}
