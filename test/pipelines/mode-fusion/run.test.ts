import { readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { modeAgreement } from "../../../filters/mode-agreement.ts"
import type { Row } from "../../../pipelines/runtime/step.ts"
import { type FusedSample, fusedSample } from "../../../schemas/fused-sample.ts"
import type { MixtureLine } from "../../../schemas/mixture.ts"
import { sample } from "../../../schemas/sample.ts"
import { seeded } from "../../faults/random.ts"
import { publishedRows } from "../../faults/scene.ts"
import { fuse, newFolder, plainSample, samplesFile, thinkingSample } from "./samples-file.ts"

const dataset = async (run: string) => (await publishedRows(run, "dataset")) as unknown as FusedSample[]
const report = async (run: string) => (await publishedRows(run, "mixture-report")) as unknown as MixtureLine[]
const shareOf = (rows: readonly FusedSample[], holds: (row: FusedSample) => boolean) =>
  rows.filter(holds).length / rows.length

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => `${prefix}${at}`)
const shuffled = <T>(rows: readonly T[], seed: number): T[] => {
  const random = seeded(seed)
  return rows
    .map((row) => ({ row, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ row }) => row)
}

describe("a fusion", () => {
  it("writes one dataset in F3 form with both modes at the asked shares", async () => {
    const folder = await newFolder()
    const thinking = await samplesFile(
      folder,
      "thinking.jsonl",
      names("t", 300).map((id) => thinkingSample(id)),
    )
    const nonThinking = await samplesFile(
      folder,
      "plain.jsonl",
      names("n", 300).map((id) => plainSample(id)),
    )
    const { out, manifest } = await fuse(folder, {
      thinking,
      nonThinking: { path: nonThinking, license: "CC0-1.0" },
      size: 200,
    })
    const rows = await dataset(out)
    expect(rows).toHaveLength(200)
    expect(Object.keys(rows[0]!).slice(0, 5)).toEqual(Object.keys(sample.columns).slice(0, 5))
    for (const row of rows) {
      expect(fusedSample.row.safeParse(row).success).toBe(true)
      expect(modeAgreement().run(row as unknown as Row, new Map())).toBeNull()
    }
    expect(shareOf(rows, ({ enable_thinking }) => enable_thinking)).toBe(0.6)
    const plain = rows.find(({ mode }) => mode === "non-thinking")!
    expect(plain).toMatchObject({
      source: "plain.jsonl",
      license: "CC0-1.0",
      category: "question-answering",
      language: "en",
    })
    expect(plain.completion[0]!.content).toBe(`<think>\n\n</think>\n\nThe colour of ${plain.id} is blue.`)
    expect(rows.find(({ mode }) => mode === "thinking")).toMatchObject({ source: "numbers", license: "MIT" })
    expect(manifest.rows).toEqual({ in: 600, out: 200, dropped: 400, failed: 0 })
    expect(manifest.drops).toEqual({ mixture: { "not-selected": 400 } })
    expect(manifest.license).toEqual([
      { license: "CC0-1.0", source: "plain.jsonl", rows: 80 },
      { license: "MIT", source: "numbers", rows: 120 },
    ])
    // Places of flags are shared out over the set, to the row.
    const lines = (await report(out)).filter(({ measure }) => measure === "flag")
    expect(lines.map(({ value, asked, found }) => [value, asked, found])).toEqual([
      ["thinking × user", 72, 72],
      ["thinking × system", 12, 12],
      ["thinking × none", 36, 36],
      ["non-thinking × user", 72, 72],
      ["non-thinking × system", 8, 8],
    ])
  })

  it("drops and fails what is no sample, each row once", async () => {
    const folder = await newFolder()
    const good = names("t", 30).map((id) => thinkingSample(id))
    const bad = [
      thinkingSample("empty", { completion: [{ role: "assistant", content: "<think>\n\n</think>\n\n4" }] }),
      thinkingSample("open", { completion: [{ role: "assistant", content: "<think>\nSo" }] }),
      thinkingSample("contrary", { prompt: [{ role: "user", content: "2+2? /no_think" }] }),
      thinkingSample("two", {
        completion: [
          { role: "assistant", content: "a" },
          { role: "assistant", content: "b" },
        ],
      }),
      thinkingSample("null", { prompt: [{ role: "user", content: null }] }),
      thinkingSample("number", { prompt: [{ role: "user", content: 5 }] }),
      thinkingSample("text", { prompt: "2+2?", completion: 4 }),
      thinkingSample("torn", { chat_template_kwargs: { enable_thinking: false } }),
      thinkingSample("surrogate", { prompt: [{ role: "user", content: "a\ud800b" }] }),
      thinkingSample("t1"),
      thinkingSample("t2", { domain: "code" }),
    ]
    const thinking = await samplesFile(folder, "thinking.jsonl", [...good, ...bad])
    await writeFile(thinking, `${await readFile(thinking, "utf8")}{"id": "cut", "prom\n`)
    const plain = [
      ...names("n", 30).map((id) => plainSample(id)),
      plainSample("t3"),
      plainSample("thought", { response: "<think>\nSo\n</think>\n\n4" }),
      plainSample("blank", { response: " " }),
      plainSample("token", { response: "4<|im_end|>" }),
    ]
    const nonThinking = await samplesFile(folder, "plain.jsonl", plain)
    const { out, manifest } = await fuse(folder, { thinking, nonThinking, shares: { mode: {} }, failureLimit: 0.5 })
    expect(manifest.drops).toEqual({
      samples: { "duplicate-id": 1 },
      "sample-form": {
        "empty-thinking": 1,
        "unclosed-thinking": 1,
        "has-thinking": 1,
        "empty-answer": 1,
        "special-token": 1,
      },
      "own-flags": { "flag-contradicts-mode": 1 },
    })
    const failed = await publishedRows(out, "failed")
    expect(Object.fromEntries(failed.map(({ id, reason }) => [id, reason]))).toEqual({
      two: "bad-row",
      null: "bad-row",
      number: "bad-row",
      text: "bad-row",
      torn: "bad-row",
      surrogate: expect.stringContaining(""),
      t2: "duplicate-id",
      "thinking.jsonl:42": expect.stringContaining(""),
    })
    expect(failed.find(({ id }) => id === "null")!.message).toBe(
      "thinking.jsonl, line 35: column prompt[0].content: expected text, got null",
    )
    const { rows } = manifest
    expect(rows.in).toBe(30 + bad.length + 1 + plain.length)
    expect(rows.in).toBe(rows.out + rows.dropped + rows.failed)
    expect((await dataset(out)).map(({ id }) => id).sort()).toEqual(
      // The same question in both modes: the second one has a name of its own.
      [...names("t", 30), ...names("n", 30), "t3/no_think"].sort(),
    )
  })

  it("takes prompts and answers under any names, messages, systems and inputs", async () => {
    const folder = await newFolder()
    const thinking = await samplesFile(folder, "thinking.jsonl", [
      {
        id: "m",
        messages: [
          { role: "user", content: "2+2?" },
          { role: "assistant", content: "4", reasoning_content: "Two and two." },
        ],
        category: "maths",
      },
    ])
    const nonThinking = [
      await samplesFile(folder, "a.jsonl", [{ instruction: "Translate.", input: "Hallo", output: "Hello", tag: 1 }]),
      {
        path: await samplesFile(folder, "b.jsonl", [{ q: "2+2?", a: "4", system: "Be brief." }]),
        columns: { question: "q", answer: "a" },
      },
    ]
    const { out } = await fuse(folder, {
      thinking,
      nonThinking,
      shares: { mode: {} },
      flags: { thinking: { user: 1, system: 0, none: 0 } },
    })
    const rows = await dataset(out)
    const contents = (row: FusedSample) =>
      [...row.prompt, ...row.completion].map(({ role, content }) => `${role}: ${content}`)
    expect(contents(rows[0]!)).toEqual(["user: 2+2? /think", "assistant: <think>\nTwo and two.\n</think>\n\n4"])
    expect(contents(rows[1]!).at(-2)).toMatch(/^user: Translate\.\n\nHallo/)
    expect(rows[1]!).toMatchObject({ metadata: '{"tag":1}' })
    expect(rows[1]!.id).toMatch(/^sha256:[0-9a-f]{24}$/)
    expect(contents(rows[2]!)[0]).toMatch(/^system: Be brief\./)
  })

  it("repeats samples only where it may, each copy with an id of its own", async () => {
    const folder = await newFolder()
    const thinking = await samplesFile(
      folder,
      "t.jsonl",
      names("t", 10).map((id) => thinkingSample(id)),
    )
    const nonThinking = await samplesFile(
      folder,
      "n.jsonl",
      names("n", 40).map((id) => plainSample(id)),
    )
    const shares = { mode: { thinking: 0.5, "non-thinking": 0.5 } }
    const once = await fuse(folder, { thinking, nonThinking, shares, size: 50 }, { out: "once" })
    expect(await dataset(once.out)).toHaveLength(20)
    expect(once.warnings.join()).toContain("20 rows of the 50 asked for")
    const size = (await report(once.out)).find(({ measure }) => measure === "size")!
    expect(size).toMatchObject({ asked: 50, found: 20, short: 30, note: "mode thinking: 50.0% asked, 10 rows" })
    const twice = await fuse(folder, { thinking, nonThinking, shares, size: 50, maxCopies: 3 }, { out: "twice" })
    const rows = await dataset(twice.out)
    expect(rows).toHaveLength(50)
    expect(new Set(rows.map(({ id }) => id)).size).toBe(50)
    const copies = Map.groupBy(
      rows.filter(({ mode }) => mode === "thinking"),
      ({ question_id }) => question_id,
    )
    expect([...copies.values()].map((own) => own.length).sort()).toEqual([2, 2, 2, 2, 2, 3, 3, 3, 3, 3])
    expect(twice.manifest.rows).toMatchObject({ in: 50, out: 35, dropped: 15 })
    await expect(
      fuse(folder, { thinking, nonThinking, shares, size: 50, whenShort: "stop" }, { out: "stop" }),
    ).rejects.toThrow(/do not suffice for 50 rows.*\n.*at most 20: mode thinking/)
  })

  it("stops where no set has the shares, and says what there is", async () => {
    const folder = await newFolder()
    const thinking = await samplesFile(
      folder,
      "t.jsonl",
      names("t", 10).map((id) => thinkingSample(id)),
    )
    const nonThinking = await samplesFile(
      folder,
      "n.jsonl",
      names("n", 10).map((id) => plainSample(id)),
    )
    await expect(fuse(folder, { thinking, nonThinking, shares: { category: { poetry: 0.2 } } })).rejects.toThrow(
      /No set of any size.*\n.*creative-writing: 20.0% asked, 0 rows\n.*mathematics 10/,
    )
  })

  it("takes a run's dataset, and a pilot takes rows of both modes", async () => {
    const folder = await newFolder()
    const thinking = await samplesFile(
      folder,
      "t.jsonl",
      names("t", 50).map((id) => thinkingSample(id)),
    )
    const nonThinking = await samplesFile(
      folder,
      "n.jsonl",
      names("n", 50).map((id) => plainSample(id)),
    )
    const first = await fuse(folder, { thinking, nonThinking, shares: { mode: { thinking: 1 } } }, { out: "first" })
    const second = await fuse(folder, { thinking: first.out, nonThinking }, { out: "second", limit: 20 })
    expect(second.manifest.rows).toMatchObject({ in: 20, out: 15 })
    expect((await dataset(second.out)).filter(({ mode }) => mode === "thinking")).toHaveLength(9)
    await rm(join(first.out, "manifest.json"))
    await expect(fuse(folder, { thinking: first.out, nonThinking }, { out: "third" })).rejects.toThrow(
      /The run has no dataset yet/,
    )
    await expect(fuse(folder, { thinking: join(folder, "none"), nonThinking }, { out: "third" })).rejects.toThrow(
      /No such file/,
    )
    await expect(fuse(folder, { thinking, nonThinking: thinking }, { out: "third" })).rejects.toThrow(/listed twice/)
    const wrong = await samplesFile(folder, "w.jsonl", [{ text: "a" }])
    await expect(fuse(folder, { thinking, nonThinking: wrong }, { out: "third" })).rejects.toThrow(/No conversations/)
  })
})

describe("what a fusion chooses", () => {
  const categories = ["mathematics", "coding", "science"]
  const languages = ["en", "de", "zh", "sw"]
  const of = (at: number) => ({ category: categories[at % 3], language: languages[Math.floor(at / 3) % 4] })
  const thinkingRows = names("t", 900).map((id, at) => thinkingSample(id, of(at)))
  const plainRows = names("n", 700).map((id, at) => plainSample(id, of(at * 7)))
  const config = {
    size: 500,
    shares: {
      mode: { thinking: 0.55, "non-thinking": 0.45 },
      category: { mathematics: 0.5, coding: 0.2 },
      language: { en: 0.4, de: 0.3, zh: 0.2, sw: 0.1 },
    },
  }

  it("does not depend on the order of the rows, their files or the shards; but on the seed", async () => {
    const folder = await newFolder()
    const chosen = async (name: string, order: number | null, more: object) => {
      const rows = (all: readonly unknown[]) => (order === null ? all : shuffled(all, order))
      const [a, b] = [rows(thinkingRows).slice(0, 333), rows(thinkingRows).slice(333)]
      const thinking = [
        await samplesFile(folder, `${name}-a.jsonl`, a),
        await samplesFile(folder, `${name}-b.jsonl`, b),
      ]
      const nonThinking = { path: await samplesFile(folder, `${name}-n.jsonl`, rows(plainRows)), name: "plain" }
      const { out } = await fuse(folder, { thinking, nonThinking, ...config, ...more }, { out: name })
      return (await dataset(out)).sort((x, y) => (x.id < y.id ? -1 : 1))
    }
    const plain = await chosen("plain", null, {})
    expect(await chosen("shuffled", 3, { rowsPerShard: 37 })).toEqual(plain)
    expect(await chosen("again", 4, { rowsPerShard: 1_000 })).toEqual(plain)
    const other = await chosen("other", null, { seed: 7 })
    expect(other).toHaveLength(500)
    expect(other.map(({ id }) => id)).not.toEqual(plain.map(({ id }) => id))
  })

  it("has the asked shares, as it says", async () => {
    const folder = await newFolder()
    const thinking = await samplesFile(folder, "t.jsonl", thinkingRows)
    const nonThinking = await samplesFile(folder, "n.jsonl", plainRows)
    const { out, warnings } = await fuse(folder, { thinking, nonThinking, ...config })
    expect(warnings).toEqual([])
    const rows = await dataset(out)
    expect(rows).toHaveLength(500)
    const lines = await report(out)
    for (const dimension of ["mode", "category", "language"] as const)
      for (const [value, share] of Object.entries(config.shares[dimension])) {
        expect(shareOf(rows, (row) => row[dimension] === value)).toBeCloseTo(share, 10)
        const line = lines.find((line) => line.measure === dimension && line.value === value)!
        expect(line).toMatchObject({ askedShare: share, asked: share * 500, found: share * 500, short: 0 })
      }
    for (const { value, found } of lines.filter(({ measure }) => measure === "cell"))
      expect(found).toBe(
        rows.filter(({ mode, category, language }) => `${mode} × ${category} × ${language}` === value).length,
      )
  })
})
