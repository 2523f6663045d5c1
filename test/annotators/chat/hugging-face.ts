// The Python package `tokenizers`, where it is installed; COTYLEDON_PYTHON names another Python.
import { spawnSync } from "node:child_process"

const python = process.env.COTYLEDON_PYTHON ?? "python3"

/** Its version, or null where Python or the package cannot be had. */
export const huggingFace: string | null = (() => {
  const { status, stdout } = spawnSync(python, ["-c", "import tokenizers; print(tokenizers.__version__)"], {
    encoding: "utf8",
  })
  return status === 0 ? stdout.trim() : null
})()

const script = `
import json, sys
from tokenizers import Tokenizer
tokenizer = json.load(open(sys.argv[1]))
if sys.argv[2] == "plain": tokenizer["added_tokens"] = []
tokenizer = Tokenizer.from_str(json.dumps(tokenizer))
texts = json.load(sys.stdin)
for at in range(0, len(texts), 1000):
    for encoding in tokenizer.encode_batch(texts[at:at + 1000], add_special_tokens=False): print(*encoding.ids)
`

/** The ids of texts: as they are, or with what is not added tokens alone. Each as numbers with blanks between. */
export function huggingFaceIds(path: string, texts: readonly string[], mode: "plain" | "markup"): string[] {
  const { status, stdout, stderr } = spawnSync(python, ["-c", script, path, mode], {
    input: JSON.stringify(texts),
    encoding: "utf8",
    maxBuffer: 2 ** 30,
  })
  if (status !== 0) throw new Error(stderr)
  return stdout.split("\n").slice(0, -1)
}
