// An independent reader and writer of both formats. Skipped where Python has no pyarrow; COTYLEDON_PYTHON names another Python.
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Field, Float64, Int64, List, Schema, Struct, Utf8 } from "apache-arrow"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { openRowSink } from "../../../pipelines/io/row-sink.ts"
import { readRows, resolveSources } from "../../../pipelines/io/source.ts"
import { rowJson } from "../../../pipelines/runtime/row-json.ts"
import type { Row } from "../../../pipelines/runtime/step.ts"

const python = process.env.COTYLEDON_PYTHON ?? "python3"
const installed = spawnSync(python, ["-c", "import pyarrow"]).status === 0

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cotyledon-pyarrow-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = (script: string) =>
  execFileSync(python, ["-c", `import json, pyarrow as pa, pyarrow.parquet as pq, pyarrow.ipc as ipc\n${script}`], {
    cwd: folder,
    encoding: "utf8",
  })

const message = new Struct([new Field("role", new Utf8(), false), new Field("content", new Utf8(), true)])
const schema = new Schema([
  new Field("id", new Utf8(), false),
  new Field("none", new Utf8(), true),
  new Field("long", new Int64(), true),
  new Field("share", new Float64(), true),
  new Field("prompt", new List(new Field("element", message, true)), true),
])
const rows: Row[] = Array.from({ length: 2_500 }, (_, n) => ({
  id: `\ufeff${n} é😀`,
  none: null,
  long: n % 3 ? 2n ** 62n + BigInt(n) : null,
  share: n % 4 ? n / 3 : null,
  prompt:
    n % 5 === 0
      ? null
      : Array.from({ length: n % 3 }, (_, turn) => (turn ? null : { role: "user", content: n % 2 ? "x" : null })),
}))

async function read(name: string): Promise<Row[]> {
  const [file] = await resolveSources([name], { cwd: folder })
  return (await Array.fromAsync(readRows(file!))).map((of) => ("row" in of ? of.row : { error: of.error.message }))
}

describe.skipIf(!installed)("pyarrow (skipped where it is not installed)", () => {
  test.each(["parquet", "arrow"])("reads the %s files that we write", async (ending) => {
    const sink = await openRowSink(join(folder, `ours.${ending}`), { schema })
    for (const row of rows) await sink.write(row)
    await sink.close()
    const load = ending === "parquet" ? "pq.read_table('ours.parquet')" : "ipc.open_file('ours.arrow').read_all()"
    const output =
      run(`t = ${load}\nt.validate(full=True)\nprint(json.dumps([str(t.schema.field(n).type) for n in t.column_names]))
print(json.dumps(t.to_pylist(), ensure_ascii=False, separators=(',', ':')))`)
    const [types, found] = output.split("\n")
    expect(JSON.parse(types!)).toEqual([
      "string",
      "string",
      "int64",
      "double",
      "list<element: struct<role: string not null, content: string>>",
    ])
    expect(JSON.parse(found!)).toEqual(JSON.parse(rowJson(rows)))
  })

  test.each([
    "pq.write_table(t, 'theirs.parquet', compression='zstd')",
    "pq.write_table(t, 'theirs.parquet', compression='snappy', data_page_version='2.0', use_dictionary=False, write_page_index=True)",
    "pq.write_table(t, 'theirs.parquet', compression='gzip', row_group_size=7, data_page_size=64)",
    "pq.write_table(t, 'theirs.parquet', compression='brotli', use_dictionary=False, column_encoding={'i': 'DELTA_BINARY_PACKED', 's': 'DELTA_BYTE_ARRAY', 'f': 'BYTE_STREAM_SPLIT'})",
    "w = ipc.new_file('theirs.arrow', t.schema)\nw.write_table(t, 7)\nw.close()",
    "w = ipc.new_stream('theirs.arrow', t.schema, options=ipc.IpcWriteOptions(compression='zstd'))\nw.write_table(t)\nw.close()",
  ])("%s: we read it", async (write) => {
    run(`n = 50
t = pa.table({
  's': pa.array(['\\ufeff%d' % i if i % 3 else None for i in range(n)]),
  'l': pa.array(['large' * (i % 4) for i in range(n)], pa.large_string()),
  'd': pa.array(['a', None, 'b', 'a', 'a'] * (n // 5)).dictionary_encode(),
  'i': pa.array([(1 << 63) - 1 - i for i in range(n)], pa.int64()),
  'f': pa.array([i / 3 for i in range(n)], pa.float64()),
  't': pa.array([i * 1000003 if i % 2 else None for i in range(n)], pa.timestamp('us', 'UTC')),
  'x': pa.array([[[i], None, []] if i % 4 else None for i in range(n)], pa.list_(pa.list_(pa.int8()))),
  'o': pa.array([{'a': [{'b': i}], 'c': None} if i % 5 else None for i in range(n)], pa.struct([('a', pa.list_(pa.struct([('b', pa.uint32())]))), ('c', pa.string())])),
  'z': pa.nulls(n),
})
${write}`)
    const ending = write.includes("arrow'") ? "arrow" : "parquet"
    const expected = Array.from({ length: 50 }, (_, i) => ({
      s: i % 3 ? `\ufeff${i}` : null,
      l: "large".repeat(i % 4),
      d: ["a", null, "b", "a", "a"][i % 5],
      i: 2n ** 63n - 1n - BigInt(i),
      f: i / 3,
      t:
        i % 2
          ? new Date(0)
              .toISOString()
              .slice(0, 17)
              .concat((i * 1.000003).toFixed(6).padStart(9, "0"), "Z")
          : null,
      x: i % 4 ? [[i], null, []] : null,
      o: i % 5 ? { a: [{ b: i }], c: null } : null,
      z: null,
    }))
    expect(await read(`theirs.${ending}`)).toEqual(expected)
  })
})
