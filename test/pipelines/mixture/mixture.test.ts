import { describe, expect, it } from "vitest"
import { type MixtureOptions, planMixture, takeMixed } from "../../../pipelines/mixture/mixture.ts"
import type { Row } from "../../../pipelines/runtime/step.ts"
import type { MixtureRow } from "../../../schemas/mixture.ts"
import { modeFusionConfig } from "../../../schemas/mode-fusion-config.ts"
import { seeded } from "../../faults/random.ts"

const optionsOf = (config: object): MixtureOptions => {
  const { size, shares, maxCopies, whenShort, tolerance, seed } = modeFusionConfig.parse({
    recipe: "mode-fusion",
    thinking: "a.jsonl",
    nonThinking: "b.jsonl",
    ...config,
  })
  return { size, shares, maxCopies, whenShort, tolerance, seed }
}
const flags = { thinking: { user: 0.6, system: 0.1, none: 0.3 }, "non-thinking": { user: 0.9, system: 0.1 } }
const dimensions = ["mode", "category", "language"] as const

async function* stream(rows: readonly Row[]): AsyncGenerator<Row> {
  yield* rows
}

/** Plans over rows and takes them: the plan, the warnings, the rows that were kept and the reasons of the others. */
async function mix(rows: readonly Row[], config: object) {
  const options = optionsOf(config)
  const warnings: string[] = []
  const stage = planMixture({ id: "mixture", input: "form", flags, warn: (text) => warnings.push(text), ...options })
  const plan = [...(await stage.run(stream(rows), new Map()))] as unknown as MixtureRow[]
  const step = takeMixed("mixture", options)
  const side = new Map([["mixture", plan as unknown as Row[]]])
  const kept: Row[] = []
  const reasons: { reason: string; evidence: { why: string } }[] = []
  for (const row of rows) {
    const fate = step.run(row, side) as { keep: Row[] } | (typeof reasons)[number]
    if ("keep" in fate) kept.push(...fate.keep)
    else reasons.push(fate)
  }
  return { plan, warnings, kept, reasons }
}

function generated(count: number, seed: number): Row[] {
  const random = seeded(seed)
  const pick = (of: readonly string[]) => of[Math.floor(random() ** 2 * of.length)]!
  return Array.from({ length: count }, (_, at) => ({
    id: `row-${at}`,
    mode: random() < 0.55 ? "thinking" : "non-thinking",
    category: pick(["mathematics", "coding", "science", "logic", "translation"]),
    language: pick(["en", "zh", "de", "fr", "sw", "ja"]),
    own_flag: random() < 0.05 ? "user" : null,
  }))
}

describe("a mixture", () => {
  const config = {
    size: 30_000,
    shares: {
      mode: { thinking: 0.55, "non-thinking": 0.45 },
      category: { mathematics: 0.37, coding: 0.213 },
      language: { en: 0.45, zh: 0.25, de: 0.15, fr: 0.1, ja: 0.03, sw: 0.02 },
    },
  }

  it("of 100,000 samples has the asked shares", async () => {
    const { kept, reasons, warnings, plan } = await mix(generated(100_000, 1), config)
    expect(warnings).toEqual([])
    expect(kept).toHaveLength(30_000)
    expect(reasons).toHaveLength(70_000)
    expect(new Set(reasons.map(({ reason }) => reason))).toEqual(new Set(["not-selected"]))
    for (const dimension of dimensions)
      for (const [value, share] of Object.entries(config.shares[dimension])) {
        const found = kept.filter((row) => row[dimension] === value).length
        expect(Math.abs(found - share * kept.length), value).toBeLessThan(1)
      }
    expect(plan.filter(({ cell }) => cell !== null).length).toBe(2 * 5 * 6)
  })

  it("keeps the natural proportions of what no share names", async () => {
    const rows = generated(50_000, 2)
    const { kept } = await mix(rows, { size: 10_000, shares: { mode: { thinking: 0.5, "non-thinking": 0.5 } } })
    for (const language of ["en", "zh", "sw"]) {
      const share = (of: readonly Row[]) => of.filter((row) => row.language === language).length / of.length
      expect(Math.abs(share(kept) - share(rows)), language).toBeLessThan(0.005)
    }
  })

  it("takes each sample by itself: without the rows of one cell the others stay", async () => {
    const rows = generated(5_000, 3)
    const shares = { mode: {} }
    const all = await mix(rows, { size: 5_000, shares })
    expect(all.kept).toHaveLength(5_000)
    const some = (await mix(rows, { size: 2_500, shares })).kept.map(({ id }) => id)
    const fewer = new Set((await mix(rows, { size: 1_000, shares })).kept.map(({ id }) => id))
    // A smaller set of the same shares is part of the larger one, up to rounding in the cells.
    expect(some.filter((id) => fewer.has(id)).length).toBeGreaterThan(990)
  })

  it("holds over random supplies and shares, or says what is short", async () => {
    const random = seeded(17)
    for (let round = 0; round < 25; round++) {
      const rows = generated(200 + Math.floor(random() * 4_000), round)
      const thinking = random()
      const size = 100 + Math.floor(random() * rows.length)
      const shares = { mode: { thinking, "non-thinking": 1 - thinking }, language: { en: 0.2 + random() * 0.5 } }
      const { kept, warnings, plan } = await mix(rows, { size, shares, seed: round })
      const planned = plan.find((row) => row.size !== null)!.size!
      expect(kept.length).toBe(planned.planned)
      if (kept.length < size) {
        expect(warnings.join(), `round ${round}`).toContain(`${kept.length} rows of the ${size}`)
        expect(planned.limitedBy).not.toBeNull()
      } else expect(warnings).toEqual([])
      const isNear = (share: number, found: number) => Math.abs(found - share * kept.length) <= 0.005 * kept.length + 1
      expect(isNear(thinking, kept.filter(({ mode }) => mode === "thinking").length), `round ${round}`).toBe(true)
      expect(
        isNear(shares.language.en, kept.filter(({ language }) => language === "en").length),
        `round ${round}`,
      ).toBe(true)
    }
  })

  it("refuses labels that are none", async () => {
    const rows = Array.from({ length: 20_001 }, (_, at) => ({
      id: `${at}`,
      mode: "thinking",
      category: `c${at}`,
      language: "en",
      own_flag: null,
    }))
    await expect(mix(rows, {})).rejects.toThrow(/more than 20000 different triples/)
    await expect(mix([], {})).rejects.toThrow(/no sample left to mix/)
  })
})
