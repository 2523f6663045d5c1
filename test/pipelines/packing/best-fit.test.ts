import { describe, expect, test } from "vitest"
import { BestFitPacker } from "../../../pipelines/packing/best-fit.ts"

interface Numbered {
  length: number
  id: number
  opensRow?: boolean
}

function packAll(segments: Numbered[], options: { sequenceLength: number; windowPlaces?: number }): Numbered[][] {
  const packer = new BestFitPacker<Numbered>(options)
  return [...segments.flatMap((segment) => packer.add(segment)), ...packer.end()]
}

/** Lengths that repeat: a small linear congruential sequence. */
function lengths(count: number, most: number): Numbered[] {
  let state = 7
  return Array.from({ length: count }, (_, id) => {
    state = (state * 48_271) % 2_147_483_647
    return { length: 1 + (state % most), id }
  })
}

const places = (row: Numbered[]) => row.reduce((sum, { length }) => sum + length, 0)

describe("best fit", () => {
  test("puts each segment, longest first, into the fullest row that has room", () => {
    const segments = [4, 8, 1, 4, 2, 1].map((length, id) => ({ length, id }))
    expect(packAll(segments, { sequenceLength: 10 }).map((row) => row.map(({ id }) => id))).toEqual([
      [0, 2, 3, 5],
      [1, 4],
    ])
  })

  test("loses no segment, fills no row above its length, and gives the same rows again", () => {
    const segments = lengths(5_000, 700)
    const rows = packAll(segments, { sequenceLength: 1_000, windowPlaces: 50_000 })
    expect(
      rows
        .flat()
        .map(({ id }) => id)
        .sort((a, b) => a - b),
    ).toEqual(segments.map(({ id }) => id))
    expect(Math.max(...rows.map(places))).toBeLessThanOrEqual(1_000)
    expect(packAll(segments, { sequenceLength: 1_000, windowPlaces: 50_000 })).toEqual(rows)
  })

  test("fills rows nearly as well with a small window as with one over everything", () => {
    const segments = lengths(20_000, 300)
    const fill = (windowPlaces: number) => {
      const rows = packAll(segments, { sequenceLength: 1_000, windowPlaces })
      return rows.reduce((sum, row) => sum + places(row), 0) / (rows.length * 1_000)
    }
    expect(fill(100_000)).toBeGreaterThan(0.99)
    expect(fill(1e9)).toBeGreaterThan(0.995)
  })

  test("holds no more than a window, whatever fits badly", () => {
    const packer = new BestFitPacker<Numbered>({ sequenceLength: 1_000, windowPlaces: 20_000 })
    let held = 0
    for (let id = 0; id < 2_000; id++) {
      held += 600
      held -= packer
        .add({ length: 600, id })
        .flat()
        .reduce((sum, { length }) => sum + length, 0)
      expect(held).toBeLessThanOrEqual(25_600)
    }
  })

  test("keeps a segment that must open its row in front, one in each row", () => {
    const segments = [
      { length: 5, id: 0 },
      { length: 3, id: 1, opensRow: true },
      { length: 2, id: 2 },
      { length: 4, id: 3, opensRow: true },
    ]
    const rows = packAll(segments, { sequenceLength: 10 })
    for (const row of rows) expect(row.slice(1).some(({ opensRow }) => opensRow)).toBe(false)
    expect(rows.flat()).toHaveLength(4)
  })

  test("refuses what no row can hold", () => {
    const packer = new BestFitPacker<Numbered>({ sequenceLength: 10 })
    expect(() => packer.add({ length: 11, id: 0 })).toThrow(RangeError)
    expect(() => packer.add({ length: 0, id: 0 })).toThrow(RangeError)
    expect(() => new BestFitPacker({ sequenceLength: 0 })).toThrow(RangeError)
  })
})
