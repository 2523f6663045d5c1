// Megabytes of UTF-8 per second and core: the WebAssembly kernel, its twin and the Python package `tokenizers`, which takes turns with
// them in one run, on one thread each. Processor time of the thread counts, so that a busy machine changes little but caches.
//   COTYLEDON_PYTHON=... node test/bench/tokenizer.ts [file.jsonl ...]
// Rows {text}; default: the documents of COTYLEDON_DATA. Checks that all ids are the same. Goal: 20 times the Python package on prose
// (c4-sample). Exits with 1 when it is missed or ids differ.
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { createInterface } from "node:readline"
import { openTokenizer, tokenizerPath } from "../../annotators/chat/open-tokenizer.ts"
import { PlainKernel } from "../../annotators/chat/plain-kernel.ts"
import { readTokenizerFile } from "../../annotators/chat/tokenizer-file.ts"
import { WasmKernel } from "../../annotators/chat/wasm-kernel.ts"

const data = join(process.env.COTYLEDON_DATA ?? "../shared/data", "documents")
const samples = ["c4-sample", "common-crawl-sample", "stack-exchange-sample", "arxiv-sample"]
const given = process.argv.slice(2)
const files = given.length > 0 ? given : samples.map((name) => join(data, `${name}.jsonl`))
const rounds = 5
const missing = files.find((file) => !existsSync(file))
if (missing !== undefined) {
  console.log(`skipped: no ${missing}; set COTYLEDON_DATA or name files`)
  process.exit()
}

const cpuMs = () => process.threadCpuUsage().user / 1_000

/** Milliseconds of processor time, and what came of it. */
function timed<T>(work: () => T): [number, T] {
  const start = cpuMs()
  const result = work()
  return [cpuMs() - start, result]
}

const script = `
import json, sys, time
from tokenizers import Tokenizer
tokenizer = Tokenizer.from_file(sys.argv[1])
for line in sys.stdin:
    texts = [json.loads(row)["text"] for row in open(json.loads(line))]
    start = time.process_time()
    encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
    ms = (time.process_time() - start) * 1000
    print(json.dumps([ms, [id for encoding in encodings for id in encoding.ids]]), flush=True)
`

/** The Python package in a process of its own, asked line by line. */
class Python {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(tokenizer: string) {
    this.#child = spawn(process.env.COTYLEDON_PYTHON ?? "python3", ["-c", script, tokenizer], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, TOKENIZERS_PARALLELISM: "false", RAYON_NUM_THREADS: "1" },
    })
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]()
  }

  async encode(file: string): Promise<[number, number[]] | null> {
    this.#child.stdin!.write(`${JSON.stringify(file)}\n`)
    const { done, value } = await this.#lines.next()
    return done ? null : JSON.parse(value)
  }

  close(): void {
    this.#child.stdin!.end()
  }
}

const path = tokenizerPath("qwen3")
const opened = Array.from({ length: 5 }, () => timed(() => undefined))
for (const [index] of opened.entries()) {
  const start = performance.now()
  await openTokenizer()
  opened[index]![0] = performance.now() - start
}
console.log(`openTokenizer: ${opened.map(([ms]) => ms.toFixed(0)).join(", ")} ms\n`)

const tokenizerFile = await readTokenizerFile(path)
const python = new Python(path)
const sameIds = (left: ArrayLike<number>, right: ArrayLike<number>) =>
  left.length === right.length && Array.prototype.every.call(left, (id, index) => id === right[index])
console.log("MB/s".padEnd(26), "MB   first  column  strings   twin  python  column/python")
let failed = false
for (const file of files) {
  const texts = readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).text as string)
  const parts = texts.map((text) => Buffer.from(text))
  const column = { bytes: Buffer.concat(parts), offsets: new Int32Array(parts.length + 1) }
  for (const [row, { length }] of parts.entries()) column.offsets[row + 1] = column.offsets[row]! + length
  // Short files are read several times in one measurement: the clock of processor time ticks in milliseconds.
  const repeats = Math.max(1, Math.ceil(8e6 / column.bytes.length))
  const kernels = { wasm: new WasmKernel(tokenizerFile), plain: new PlainKernel(tokenizerFile) }
  const [first] = timed(() => kernels.wasm.encodeColumn(column))
  const best = { column: 0, strings: 0, twin: 0, python: 0 }
  const rate = (ms: number, times = 1) => (column.bytes.length * times) / 1_000 / ms
  for (let round = 0; round < rounds; round++) {
    const [columnMs, { ids }] = timed(() => {
      for (let repeat = 1; repeat < repeats; repeat++) kernels.wasm.encodeColumn(column)
      return kernels.wasm.encodeColumn(column)
    })
    const [stringsMs] = timed(() => {
      for (let repeat = 0; repeat < repeats; repeat++) for (const text of texts) kernels.wasm.encode(text)
    })
    const [twinMs, twin] = timed(() => kernels.plain.encodeColumn(column))
    const theirs = await python.encode(file)
    best.column = Math.max(best.column, rate(columnMs, repeats))
    best.strings = Math.max(best.strings, rate(stringsMs, repeats))
    best.twin = Math.max(best.twin, rate(twinMs))
    if (theirs) best.python = Math.max(best.python, rate(theirs[0]))
    if (!sameIds(ids, twin.ids) || (theirs && !sameIds(ids, theirs[1]))) {
      failed = true
      console.log(`${basename(file)}: ids differ`)
    }
  }
  const ratio = best.python === 0 ? Number.NaN : best.column / best.python
  const goal = basename(file).startsWith("c4") && ratio < 20
  failed ||= goal
  console.log(
    basename(file).padEnd(26),
    (column.bytes.length / 1e6).toFixed(2).padEnd(4),
    ...[rate(first), best.column, best.strings, best.twin].map((value) => value.toFixed(0).padStart(6)),
    best.python === 0 ? "  none" : best.python.toFixed(2).padStart(7),
    Number.isNaN(ratio) ? "none" : `${ratio.toFixed(0)}x${goal ? "  MISSED" : ""}`,
  )
}
python.close()
process.exitCode = failed ? 1 : 0
