import { describe, expect, test } from "vitest"
import { type Commit, fingerprintOf } from "../../../pipelines/runtime/commit.ts"
import type { ImportStage, MapStage, ReduceStage, Stage } from "../../../pipelines/runtime/stage.ts"
import type { RowStep } from "../../../pipelines/runtime/step.ts"
import {
  columnsOf,
  importBasis,
  mapBasis,
  reduceBasis,
  reduceInputs,
  sideDigests,
} from "../../../pipelines/runtime/task-plan.ts"
import { type Columns, int32, text } from "../../../schemas/columns.ts"

const step = (id: string, adds?: Columns, params: unknown = {}): RowStep => ({
  kind: "row",
  id,
  version: 1,
  params,
  ...(adds && { adds }),
  run: () => null,
})
const source: ImportStage = {
  kind: "import",
  id: "source",
  version: 1,
  params: { files: 1 },
  columns: { id: text(), text: text() },
  rowsPerShard: 10,
  failureLimit: 1,
  digests: async () => [],
  async *rows() {},
}
const map = (id: string, input: string, steps: RowStep[], side?: string[]): MapStage => ({
  kind: "map",
  id,
  input,
  steps,
  failureLimit: 1,
  ...(side && { side }),
})
const reduce: ReduceStage = {
  kind: "reduce",
  id: "sum",
  version: 1,
  params: {},
  input: "source",
  of: "out",
  columns: { n: int32() },
  run: async () => [],
}
const shard = (sha256: string) => ({ path: `p${sha256}`, rows: 1, bytes: 1, sha256 })

describe("columns of a stage", () => {
  test("are its input's and what its steps add or replace, in order", () => {
    const columns = columnsOf([
      source,
      map("a", "source", [step("x", { n: int32() }), step("y", { text: int32() })]),
      map("b", "a", []),
    ])
    expect(Object.keys(columns.get("b")!)).toEqual(["id", "text", "n"])
    expect(`${columns.get("b")!.text!.arrow}`).toBe("Int32")
    expect(`${columns.get("source")!.text!.arrow}`).toBe("Utf8")
  })

  test.each<[string, Stage[], string]>([
    ["two stages of one name", [source, map("source", "source", [])], "two stages have the id source"],
    [
      "an input that is not there",
      [source, map("a", "questions", [])],
      "it reads questions, which does not come before it",
    ],
    [
      "an input that comes later",
      [source, map("a", "b", []), map("b", "source", [])],
      "it reads b, which does not come before it",
    ],
    [
      "a kernel behind a step over rows",
      [source, map("a", "source", [step("x"), { ...step("k"), kind: "kernel", open: () => () => [] } as never])],
      "kernel k stands behind a step over rows: give it a stage of its own",
    ],
    ["itself", [source, map("a", "a", [])], "it reads a, which does not come before it"],
    [
      "a side dataset that comes later",
      [source, map("a", "source", [], ["sum"]), reduce],
      "it reads sum, which does not come before it",
    ],
  ])("%s is a broken recipe", (_, stages, what) => {
    expect(() => columnsOf(stages)).toThrow(`The recipe is broken: ${what} (stage `)
  })
})

describe("the basis of a task", () => {
  test("of an import holds its files, parameters, columns and limit", () => {
    const of = (stage: Partial<ImportStage>, digests = ["a", "b"], limit: number | null = null) =>
      fingerprintOf(importBasis({ ...source, ...stage }, digests, limit))
    const base = of({})
    expect(of({ failureLimit: 0 })).toBe(base)
    for (const other of [
      of({ version: 2 }),
      of({ params: {} }),
      of({ rowsPerShard: 11 }),
      of({ columns: { id: text() } }),
      of({ columns: { id: text(), text: int32() } }),
      of({}, ["b", "a"]),
      of({}, ["a"]),
      of({}, ["a", "b"], 10),
    ])
      expect(other).not.toBe(base)
  })

  test("of a map holds its steps in order, its shard's digest and the side data, not names, limits or paths", () => {
    const of = (stage: Partial<MapStage>, digest = "a", side = {}) =>
      fingerprintOf(mapBasis({ ...map("m", "source", [step("x"), step("y")]), ...stage }, shard(digest), side))
    const base = of({})
    expect(of({ id: "renamed", failureLimit: 0, rowsInFlight: 7 })).toBe(base)
    expect(
      fingerprintOf(
        mapBasis(map("m", "source", [step("x"), step("y")]), { path: "elsewhere", rows: 9, bytes: 9, sha256: "a" }, {}),
      ),
    ).toBe(base)
    for (const other of [
      of({ steps: [step("y"), step("x")] }),
      of({ steps: [step("x"), step("y", undefined, { n: 1 })] }),
      of({}, "b"),
      of({}, "a", { sum: ["c"] }),
    ])
      expect(other).not.toBe(base)
  })

  test("of a reduce holds which rows it reads", () => {
    const base = fingerprintOf(reduceBasis(reduce, [shard("a")], {}))
    expect(fingerprintOf(reduceBasis({ ...reduce, of: "dropped" }, [shard("a")], {}))).not.toBe(base)
    expect(fingerprintOf(reduceBasis(reduce, [shard("a"), shard("b")], {}))).not.toBe(base)
    expect(fingerprintOf(reduceBasis(reduce, [shard("a")], { side: ["c"] }))).not.toBe(base)
  })
})

test("a reduce reads what passed on or what was dropped, in order", () => {
  const commits = [
    { outputs: [shard("a"), shard("b")], dropped: shard("d") },
    { outputs: [shard("c")], dropped: null },
    { outputs: [], dropped: shard("e") },
  ] as unknown as Commit[]
  expect(reduceInputs(reduce, commits).map(({ sha256 }) => sha256)).toEqual(["a", "b", "c"])
  expect(reduceInputs({ ...reduce, of: "dropped" }, commits).map(({ sha256 }) => sha256)).toEqual(["d", "e"])
  expect(sideDigests(commits)).toEqual(["a", "b", "c"])
})
