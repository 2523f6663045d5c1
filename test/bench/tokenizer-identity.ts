// Whether ids are those of the Python package `tokenizers` on all text files of folders, and decode to the text's NFC.
//   COTYLEDON_PYTHON=... node test/bench/tokenizer-identity.ts FOLDER [FOLDER ...] [--megabytes 50]
// Exits with 1 when a file differs.
import { isUtf8 } from "node:buffer"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { nfc } from "../../annotators/chat/nfc.ts"
import { openTokenizer, tokenizerPath } from "../../annotators/chat/open-tokenizer.ts"
import { huggingFaceIds } from "../annotators/chat/hugging-face.ts"

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { megabytes: { type: "string", default: "50" } },
})
const tokenizer = await openTokenizer()
const limit = Number(values.megabytes) * 1e6
const counts = { files: 0, bytes: 0, ids: 0, differ: 0 }
let held: { path: string; text: string }[] = []
let heldBytes = 0

function compare(): void {
  const expected = huggingFaceIds(
    tokenizerPath("qwen3"),
    held.map(({ text }) => text),
    "markup",
  )
  for (const [index, { path, text }] of held.entries()) {
    const ids = tokenizer.encodeMarkup(text)
    counts.ids += ids.length
    if (ids.join(" ") === expected[index] && tokenizer.decode(ids) === nfc(text)) continue
    counts.differ++
    console.log(`differs: ${path}`)
  }
  held = []
  heldBytes = 0
}

for (const folder of positionals)
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (counts.bytes >= limit || !entry.isFile() || statSync(path).size > 5e6) continue
    const bytes = readFileSync(path)
    if (bytes.includes(0) || !isUtf8(bytes)) continue
    held.push({ path, text: bytes.toString() })
    heldBytes += bytes.length
    counts.files++
    counts.bytes += bytes.length
    if (heldBytes > 4e6) compare()
  }
compare()
console.log(JSON.stringify(counts))
process.exitCode = counts.differ === 0 ? 0 : 1
