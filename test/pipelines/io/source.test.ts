import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync, zstdCompressSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { openRowSink } from "../../../pipelines/io/row-sink.ts"
import { digestOf, formatOf, readRows, resolveSources } from "../../../pipelines/io/source.ts"
import type { SourceConfig } from "../../../schemas/config.ts"
import { complaintOf } from "../complaint.ts"

let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cotyledon-source-"))
  mkdirSync(join(folder, "pool/b/.hidden"), { recursive: true })
  mkdirSync(join(folder, "empty"))
  const line = '{"question":"1+1?","n":9007199254740993}\n'
  writeFileSync(join(folder, "pool/z.jsonl"), line)
  writeFileSync(join(folder, "pool/a.jsonl.gz"), gzipSync(line))
  writeFileSync(join(folder, "pool/b/c.jsonl.zst"), zstdCompressSync(line))
  writeFileSync(join(folder, "pool/.d.jsonl"), line)
  writeFileSync(join(folder, "pool/b/.hidden/e.jsonl"), line)
  writeFileSync(join(folder, "pool/README.md"), "text")
  writeFileSync(join(folder, "[odd] name*.jsonl"), line)
  symlinkSync(join(folder, "[odd] name*.jsonl"), join(folder, "pool/link.jsonl"))
  for (const ending of ["parquet", "arrow"]) {
    const sink = await openRowSink(join(folder, `pool/rows.${ending}`))
    await sink.write({ question: "1+1?", n: 2n ** 53n + 1n })
    await sink.close()
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const resolve = (...sources: SourceConfig[]) => resolveSources(sources, { cwd: folder, where: "questions" })
const names = async (...sources: SourceConfig[]) => (await resolve(...sources)).map(({ name }) => name)
const all = ["a.jsonl.gz", "b/c.jsonl.zst", "link.jsonl", "rows.arrow", "rows.parquet", "z.jsonl"]

describe("resolveSources", () => {
  test("a folder: row files at any depth, sorted, hidden ones and others left out", async () => {
    expect(await names("pool")).toEqual(all)
    expect(await names(join(folder, "pool/"))).toEqual(all)
  })

  test("globs, sorted; a file whose name looks like one is a file", async () => {
    expect(await names("pool/*.jsonl")).toEqual(["link.jsonl", "z.jsonl"])
    expect(await names("pool/**/*.{gz,zst}")).toEqual(["a.jsonl.gz", "b/c.jsonl.zst"])
    expect(await names(join(folder, "po*/z.jsonl"))).toEqual(["pool/z.jsonl"])
    expect(await names("[odd] name*.jsonl")).toEqual(["[odd] name*.jsonl"])
  })

  test("order of the sources, declared names, columns and licence", async () => {
    const files = await resolve("pool/z.jsonl", {
      path: "pool/b",
      name: "ours",
      license: "MIT",
      revision: "v1",
      columns: { question: "q" },
    })
    expect(files).toMatchObject([
      {
        name: "z.jsonl",
        source: "z.jsonl",
        license: null,
        revision: null,
        columns: {},
        format: { kind: "jsonl", compression: "none" },
      },
      { name: "c.jsonl.zst", source: "ours", license: "MIT", revision: "v1", columns: { question: "q" } },
    ])
    expect(await resolve("-")).toMatchObject([{ path: "-", name: "stdin", format: { kind: "jsonl" } }])
  })

  test("the same bytes come from everywhere", async () => {
    for (const file of await resolve("pool")) {
      const rows = await Array.fromAsync(readRows(file))
      expect(rows).toEqual([{ row: { question: "1+1?", n: 2n ** 53n + 1n }, at: { file: file.name, line: 1 } }])
    }
  })

  test.each<[string, SourceConfig[], RegExp]>([
    ["a missing path", ["none.jsonl"], /^exit 2\nNo such file or folder\nquestions, none\.jsonl\n/],
    ["a file taken for a folder", ["pool/z.jsonl/x.jsonl"], /No such file or folder/],
    ["no match", ["pool/*.csv"], /^exit 2\nNo row file matches\n/],
    ["an empty folder", ["empty"], /The folder has no row files\n.*\n.*\nan empty folder/],
    ["an unknown ending", ["pool/README.md"], /Unknown kind of file\n.*README\.md\na name that ends in \.jsonl,/],
    ["the second of two", ["pool/z.jsonl", { path: "none" }], /questions\[1\], none/],
    [
      "a file listed twice",
      ["pool/z.jsonl", "pool/*.jsonl"],
      /listed twice\nquestions\[1\], .*z\.jsonl\nalso by questions\[0\]/,
    ],
  ])("%s is a usage error", async (_, sources, complaint) => {
    expect(await complaintOf(resolve(...sources))).toMatch(complaint)
  })
})

test("endings in any case", () => {
  expect(formatOf("/x/A.JSONL.GZ")).toEqual({ kind: "jsonl", compression: "gzip" })
  expect(formatOf("x.json")).toBeNull()
})

test("digestOf is the file's SHA-256; standard input has none", async () => {
  writeFileSync(join(folder, "abc.jsonl"), "abc")
  expect(await digestOf({ path: join(folder, "abc.jsonl") })).toEqual({
    sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    bytes: 3,
  })
  expect(await complaintOf(digestOf({ path: "-" }))).toMatch(/^exit 2\n/)
  expect(await complaintOf(digestOf({ path: join(folder, "none") }))).toMatch(/No such file/)
})
