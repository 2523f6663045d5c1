import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { describe, expect, test } from "vitest"
import {
  type Basis,
  type Commit,
  fingerprintOf,
  readCommit,
  readCommits,
  removeCommitsFrom,
  whyNotReused,
  writeCommit,
} from "../../../pipelines/runtime/commit.ts"
import { temporaryFolder } from "./folder.ts"

const input = "a".repeat(64)
const basis = (more: Partial<Basis> = {}): Basis => ({
  steps: [
    { id: "judge", version: 1, params: { threshold: 0.5, prompt: { version: 2 } } },
    { id: "drafts", version: 1, params: { initial: 8 } },
  ],
  inputs: [input],
  side: {},
  ...more,
})

const commitOf = (index: number, of: Basis = basis(), more: Partial<Commit> = {}): Commit => ({
  format: 1,
  stage: "draft",
  index,
  fingerprint: fingerprintOf(of),
  basis: of,
  outputs: [],
  dropped: null,
  failed: null,
  counts: { in: 1, born: 0, out: 1, dropped: 0, failed: 0 },
  drops: {},
  tallies: {},
  retryable: 0,
  ...more,
})

/** Puts a file of a task where a commit can name it. */
function shard(run: string, name: string, content = "rows") {
  const path = `stages/draft/${name}`
  mkdirSync(dirname(join(run, path)), { recursive: true })
  writeFileSync(join(run, path), content)
  return { path, rows: 1, bytes: content.length, sha256: input }
}

describe("a commit stands only while its files are whole", () => {
  test("written and read", async () => {
    const run = temporaryFolder()
    const commit = commitOf(3, basis(), { outputs: [shard(run, "00003-x.parquet")] })
    await writeCommit(run, commit)
    expect(await readCommit(run, "draft", 3)).toEqual(commit)
    expect(await readCommit(run, "draft", 4)).toBeNull()
    expect(await readCommits(run, "draft")).toEqual([commit])
    expect(await readCommits(run, "other")).toEqual([])
  })

  test("a file that is gone, cut or longer undoes it", async () => {
    const run = temporaryFolder()
    for (const part of ["outputs", "dropped", "failed"] as const) {
      const file = shard(run, `00000-x.${part}.parquet`)
      await writeCommit(run, commitOf(0, basis(), part === "outputs" ? { outputs: [file] } : { [part]: file }))
      expect(await readCommit(run, "draft", 0)).not.toBeNull()
      for (const content of ["row", "rows and more"]) {
        writeFileSync(join(run, file.path), content)
        expect(await readCommit(run, "draft", 0)).toBeNull()
      }
    }
  })

  test.each(["", "{", "null", "[]", '"text"', "{}", '{"format":"2"}'])(
    "a file that holds %j is none",
    async (content) => {
      const run = temporaryFolder()
      shard(run, "00000.json", content)
      expect(await readCommit(run, "draft", 0)).toBeNull()
      expect(await readCommits(run, "draft")).toEqual([])
    },
  )

  test("all commits come in the order of their numbers, however many there are", async () => {
    const run = temporaryFolder()
    mkdirSync(join(run, "stages/draft"), { recursive: true })
    for (const index of [99_999, 100_000, 5, 1_000_000]) await writeCommit(run, commitOf(index))
    expect((await readCommits(run, "draft")).map(({ index }) => index)).toEqual([5, 99_999, 100_000, 1_000_000])
  })
})

describe("what an earlier commit left", () => {
  test("goes when the task is committed again; other tasks keep theirs", async () => {
    const run = temporaryFolder()
    shard(run, "00000-old.parquet")
    shard(run, "00000-old.dropped.parquet")
    shard(run, "00001-old.parquet")
    const commit = commitOf(0, basis(), { outputs: [shard(run, "00000-new.parquet")] })
    await writeCommit(run, commit)
    expect(readdirSync(join(run, "stages/draft")).sort()).toEqual([
      "00000-new.parquet",
      "00000.json",
      "00001-old.parquet",
    ])
  })

  test("goes with the tasks that a stage no longer has", async () => {
    const run = temporaryFolder()
    for (const index of [0, 1, 2, 100_000]) {
      const name = String(index).padStart(5, "0")
      await writeCommit(run, commitOf(index, basis(), { outputs: [shard(run, `${name}-x.parquet`)] }))
    }
    await removeCommitsFrom(run, "draft", 2)
    expect(readdirSync(join(run, "stages/draft")).sort()).toEqual([
      "00000-x.parquet",
      "00000.json",
      "00001-x.parquet",
      "00001.json",
    ])
    await removeCommitsFrom(run, "draft", 0)
    expect(readdirSync(join(run, "stages/draft"))).toEqual([])
    await removeCommitsFrom(run, "other", 0)
    expect(existsSync(join(run, "stages/other"))).toBe(false)
  })
})

describe("why a task is not reused", () => {
  const why = (after: Basis, before: Basis = basis(), more: Partial<Commit> = {}) =>
    whyNotReused(commitOf(0, before, more), after)
  const [judge, drafts] = basis().steps as [Basis["steps"][0], Basis["steps"][0]]

  test("it is, when nothing changed, whatever the order of keys", () => {
    expect(why(basis())).toBeNull()
    const turned = { ...judge, params: { prompt: { version: 2 }, threshold: 0.5 } }
    expect(why(basis({ steps: [turned, drafts] }))).toBeNull()
  })

  test.each<[string, Basis, string]>([
    [
      "a changed parameter",
      basis({ steps: [{ ...judge, params: { threshold: 0.7, prompt: { version: 2 } } }, drafts] }),
      "step judge: threshold 0.5 -> 0.7",
    ],
    [
      "nested ones, at most three",
      basis({ steps: [{ ...judge, params: { prompt: { version: 3 }, a: 1, b: "x", threshold: 0.5 } }, drafts] }),
      'step judge: prompt.version 2 -> 3, a unset -> 1, b unset -> "x"',
    ],
    [
      "one that is gone",
      basis({ steps: [{ ...judge, params: { prompt: { version: 2 } } }, drafts] }),
      "step judge: threshold 0.5 -> unset",
    ],
    [
      "params of another kind",
      basis({ steps: [judge, { ...drafts, params: [8] }] }),
      'step drafts: params {"initial":8} -> [8]',
    ],
    [
      "a long value",
      basis({ steps: [judge, { ...drafts, params: { initial: "x".repeat(60) } }] }),
      `step drafts: initial 8 -> "${"x".repeat(36)}...`,
    ],
    ["a new version", basis({ steps: [judge, { ...drafts, version: 2 }] }), "step drafts is version 2, was 1"],
    ["a new step", basis({ steps: [judge, drafts, { id: "select", version: 1, params: {} }] }), "step select is new"],
    ["a step that is gone", basis({ steps: [drafts] }), "step judge is gone"],
    ["another order", basis({ steps: [drafts, judge] }), "the order of its steps changed"],
    ["another input", basis({ inputs: ["b".repeat(64)] }), "its input changed"],
    ["a side dataset", basis({ side: { reserve: [input] } }), "reserve changed"],
    [
      "several reasons",
      basis({ steps: [{ ...judge, version: 2 }], inputs: [] }),
      "step judge is version 2, was 1; step drafts is gone; its input changed",
    ],
  ])("%s", (_, after, text) => {
    expect(why(after)).toBe(text)
  })

  test("a side dataset that is read no more", () => {
    expect(why(basis(), basis({ side: { reserve: [input] } }))).toBe("reserve is read no more")
  })

  test("one of two steps of the same name", () => {
    const twice = (first: number, second: number) =>
      basis({ steps: [first, second].map((at) => ({ id: "criterion", version: 1, params: { at } })) })
    expect(why(twice(1, 5), twice(1, 2))).toBe("step criterion: at 2 -> 5")
    expect(why(twice(7, 2), twice(1, 2))).toBe("step criterion: at 1 -> 7")
  })

  test("not done yet, or worth another try", () => {
    expect(whyNotReused(null, basis())).toBe("not done yet")
    expect(why(basis(), basis(), { retryable: 3 })).toBe("3 rows with failed effects are tried again")
  })
})
