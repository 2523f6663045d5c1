import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync, zstdCompressSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import {
  type Compression,
  type JsonlOptions,
  JsonlSink,
  readJsonl,
  type SourceRow,
} from "../../../pipelines/io/jsonl.ts"
import { CotyledonError, exitCode } from "../../../pipelines/runtime/errors.ts"
import { complaintOf } from "../complaint.ts"
import { random } from "../random-rows.ts"

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cotyledon-jsonl-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
function fileOf(content: string | Buffer): string {
  const path = join(folder, `${files++}.jsonl`)
  writeFileSync(path, content)
  return path
}

const read = (content: string | Buffer, options: JsonlOptions = {}): Promise<SourceRow[]> =>
  Array.fromAsync(readJsonl(fileOf(content), { name: "in.jsonl", ...options }))

/** Rows, and for the others the message. */
const short = (rows: SourceRow[]) => rows.map((of) => [of.at.line, "row" in of ? of.row : of.error.message])

describe("lines", () => {
  test("CRLF, blank lines, a BOM at the start and no line end at the last line", async () => {
    expect(short(await read('\ufeff{"a":1}\r\n\r\n  \n{"a":"\ufeffx\\r\\n"}\n{"a":3}'))).toEqual([
      [1, { a: 1 }],
      [4, { a: "\ufeffx\r\n" }],
      [5, { a: 3 }],
    ])
  })

  test.each(["", "\n", "\ufeff", "\r\n\r\n"])("a file of %j has no rows", async (content) => {
    expect(await read(content)).toEqual([])
  })

  test("bad lines are row errors with place and text, and the next line goes on", async () => {
    const content = Buffer.concat([
      Buffer.from('{"a":1}\n{"a":\n[1]\n"x"\nnull\n{"a":1}{"a":2}\n{"a":"'),
      Buffer.from([0xff, 0xc3]),
      Buffer.from('"}\n{"a":1e999}\n{"b":2}\n\ufeff{"a":1}\n'),
    ])
    const rows = await read(content)
    expect(rows.map((of) => ("row" in of ? "row" : of.error.reason))).toEqual([
      "row",
      ...Array(7).fill("bad-row"),
      "row",
      "bad-row",
    ])
    expect(short(rows)[2]).toEqual([3, "in.jsonl, line 3: expected a JSON object, got [1]"])
    expect(short(rows)[6]).toEqual([7, "in.jsonl, line 7: expected UTF-8, got other bytes"])
    expect(rows[1]).toMatchObject({ raw: '{"a":', at: { file: "in.jsonl", line: 2 } })
  })

  test("integers beyond 2^53 are exact", async () => {
    const text =
      '{"a":9007199254740993,"b":[-9223372036854775808],"c":9007199254740991,"d":1.5,"e":123456789012345678901234567890,"f":-0}'
    const [of] = await read(`${text}\n`)
    expect((of as { row: unknown }).row).toEqual({
      a: 9007199254740993n,
      b: [-9223372036854775808n],
      c: 9007199254740991,
      d: 1.5,
      e: 123456789012345678901234567890n,
      f: -0,
    })
  })

  test("deep nesting is a row error; brackets within text are none", async () => {
    const rows = await read(`{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}\n{"a":"${'\\"['.repeat(1000)}"}\n`)
    expect(rows[0]).toMatchObject({
      error: { message: "in.jsonl, line 1: expected at most 500 levels of nesting, got more" },
    })
    expect(rows[1]).toMatchObject({ row: { a: '"['.repeat(1000) } })
  })

  test("a line above the limit is a row error; exactly at the limit it is a row", async () => {
    const at = `{"a":"${"x".repeat(92)}"}`
    expect(at).toHaveLength(100)
    const rows = await read(`${at}\r\n{"a":"${"y".repeat(93)}"}\n{"a":"${"z".repeat(9000)}"}`, { maxLineBytes: 101 })
    expect(rows.map((of) => "row" in of)).toEqual([true, true, false])
    const cut = await read(`${"x".repeat(500_000)}\n{"a":1}\n${"y".repeat(9000)}`, { maxLineBytes: 100 })
    expect(short(cut)).toEqual([
      [1, "in.jsonl, line 1: expected at most 100 bytes in a line, got 500000"],
      [2, { a: 1 }],
      [3, "in.jsonl, line 3: expected at most 100 bytes in a line, got 9000"],
    ])
    expect((cut[0] as { raw: string }).raw).toBe("x".repeat(2000))
  })

  test("random bytes never crash and lose no line", async () => {
    const next = random(7)
    for (let round = 0; round < 30; round++) {
      const bytes = Buffer.from(Array.from({ length: 2000 }, () => (next() < 0.05 ? 10 : Math.floor(next() * 256))))
      const seen = await read(bytes)
      const lines = bytes.toString("latin1").split("\n")
      const filled = lines.filter((line) => line.replace(/[\s\u00a0]/g, "") !== "").length
      expect(seen.length).toBeGreaterThanOrEqual(filled - 1)
      expect(seen.length).toBeLessThanOrEqual(lines.length)
    }
  })
})

describe("compressed files", () => {
  const lines = Array.from({ length: 20_000 }, (_, n) => `{"n":${n},"t":"${Math.imul(n, 2654435761) >>> 0}"}\n`).join(
    "",
  )
  const cases: [Compression, (data: Buffer) => Buffer][] = [
    ["gzip", gzipSync],
    ["zstd", zstdCompressSync],
  ]

  describe.each(cases)("%s", (compression, compress) => {
    test("whole, and as several members or frames", async () => {
      const half = lines.indexOf("\n", lines.length / 2) + 1
      const parts = [lines.slice(0, half), "", lines.slice(half)].map((part) => compress(Buffer.from(part)))
      for (const content of [compress(Buffer.from(lines)), Buffer.concat(parts)]) {
        const rows = await read(content, { compression })
        expect(rows).toHaveLength(20_000)
        expect(rows.at(-1)).toMatchObject({ row: { n: 19_999 } })
      }
    })

    test.each([0.3, 0.7, 0.999])(
      "cut at %d: the whole lines before, then an error with file and line",
      async (share) => {
        const whole = compress(Buffer.from(lines))
        const path = fileOf(whole.subarray(0, Math.floor(whole.byteLength * share)))
        const rows: SourceRow[] = []
        let stopped: unknown
        try {
          for await (const row of readJsonl(path, { compression })) rows.push(row)
        } catch (error) {
          stopped = error
        }
        expect(stopped).toBeInstanceOf(CotyledonError)
        expect(stopped).toMatchObject({ exit: exitCode.stopped })
        expect((stopped as CotyledonError).complaint.where).toContain(`${path}, line ${rows.length + 1}`)
        expect(rows.every((of, n) => "row" in of && of.row.n === n)).toBe(true)
      },
    )

    test("garbage after the end, other bytes and an empty file are errors", async () => {
      const garbage = Buffer.concat([compress(Buffer.from('{"a":1}\n')), Buffer.from("garbage")])
      expect(await complaintOf(read(garbage, { compression }))).toMatch(/truncated or damaged/)
      expect(await complaintOf(read("plain text", { compression }))).toMatch(/truncated or damaged/)
    })

    test("what we write, we and the command-line tool read", async () => {
      const path = join(folder, `written.${compression}`)
      const sink = await JsonlSink.create(path, compression)
      for (let n = 0; n < 30_000; n++) await sink.write({ n, big: 2n ** 63n, text: "\ufeff\ud83d\ude00" })
      const written = await sink.close()
      expect(written).toMatchObject({ rows: 30_000, bytes: readFileSync(path).byteLength })
      const rows = await Array.fromAsync(readJsonl(path, { compression }))
      expect(rows).toHaveLength(30_000)
      expect(rows[29_999]).toMatchObject({ row: { n: 29_999, big: 2n ** 63n, text: "\ufeff😀" } })
      const tool = execFileSync(compression === "gzip" ? "gzip" : "zstd", ["-dc"], {
        input: readFileSync(path),
        maxBuffer: 2 ** 26,
      })
      expect(tool.toString().split("\n")).toHaveLength(30_001)
    })
  })

  test("an empty .zst file has no rows; an empty .gz file is truncated", async () => {
    expect(await read("", { compression: "zstd" })).toEqual([])
    expect(await complaintOf(read("", { compression: "gzip" }))).toMatch(/truncated or damaged/)
  })

  test("skippable zstd frames are skipped", async () => {
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
    const content = Buffer.concat([skippable, zstdCompressSync('{"a":1}\n'), skippable])
    expect(await read(content, { compression: "zstd" })).toHaveLength(1)
  })
})

test("a missing file and a folder are errors that name the path", async () => {
  expect(await complaintOf(Array.fromAsync(readJsonl(join(folder, "none.jsonl"))))).toMatch(
    /No such file\n.*none\.jsonl/,
  )
  expect(await complaintOf(Array.fromAsync(readJsonl(folder)))).toMatch(/EISDIR/)
})

test("lines of 50 MB that are too long are skipped in bounded memory", () => {
  const path = join(folder, "long.jsonl")
  execFileSync("bash", ["-c", `(head -c 200000000 /dev/zero | tr '\\0' x; echo; echo '{"a":1}') > '${path}'`])
  const script = `
    const { readJsonl } = await import(${JSON.stringify(join(import.meta.dirname, "../../../pipelines/io/jsonl.ts"))})
    const before = process.memoryUsage().rss
    let rows = 0, errors = 0
    for await (const of of readJsonl(${JSON.stringify(path)}, { maxLineBytes: 2 ** 20 })) "row" in of ? rows++ : errors++
    console.log(JSON.stringify({ rows, errors, growth: process.resourceUsage().maxRSS * 1024 - before }))`
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" })
  const { rows, errors, growth } = JSON.parse(output)
  expect({ rows, errors }).toEqual({ rows: 1, errors: 1 })
  expect(growth).toBeLessThan(100 * 2 ** 20)
})
