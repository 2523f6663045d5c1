import { describe, expect, test } from "vitest"
import { DocumentPacker } from "../../../pipelines/packing/pack-documents.ts"
import { type PackedTokens, SamplePacker } from "../../../pipelines/packing/pack-samples.ts"

const end = 151_643

/** A document of ids that say which it is and where in it they stand. */
const document = (number: number, length: number) => Int32Array.from({ length }, (_, at) => number * 1_000 + at)

function packAll(documents: Int32Array[], sequenceLength: number) {
  const packer = new DocumentPacker({ sequenceLength, endOfDocument: end })
  return [...documents.flatMap((ids) => packer.add(ids)), ...packer.end()]
}

describe("documents", () => {
  test("each ends with the end token; one that does not end in its row fills it and opens the next", () => {
    const documents = [3, 25, 9, 10, 1, 40, 8].map((length, at) => document(at + 1, length))
    const rows = packAll(documents, 10)
    for (const [at, { input_ids, labels, seq_lengths }] of rows.entries()) {
      expect(labels).toEqual(input_ids)
      expect(seq_lengths.reduce((sum, length) => sum + length, 0)).toBe(input_ids.length)
      let start = 0
      for (const length of seq_lengths) {
        const segment = input_ids.subarray(start, start + length)
        start += length
        if (segment.at(-1) === end) continue
        expect(length).toBe(10)
        const next = rows[at + 1]!.input_ids[0]
        expect(next === end || next === segment.at(-1)! + 1).toBe(true)
      }
    }
    const ids = rows.flatMap(({ input_ids }) => [...input_ids]).filter((id) => id !== end)
    expect(ids.sort((a, b) => a - b)).toEqual(documents.flatMap((of) => [...of]).sort((a, b) => a - b))
    expect(rows.flatMap(({ input_ids }) => [...input_ids]).filter((id) => id === end)).toHaveLength(documents.length)
  })

  test("a document that has its end token gets no second one, and an empty one is nothing", () => {
    const rows = packAll([Int32Array.of(5, end), new Int32Array(0)], 4)
    expect(rows).toEqual([
      { input_ids: Int32Array.of(5, end), labels: Int32Array.of(5, end), seq_lengths: Int32Array.of(2) },
    ])
  })
})

describe("samples", () => {
  test("stay whole, with their labels, and the fill is told", () => {
    const packer = new SamplePacker({ sequenceLength: 8 })
    expect(packer.fill).toBe(1)
    const sample = (id: string, ...ids: number[]) => ({
      id,
      inputIds: Int32Array.from(ids),
      labels: Int32Array.from(ids, (id, at) => (at === 0 ? -100 : id)),
    })
    packer.add(sample("a", 1, 2, 3, 4, 5))
    packer.add(sample("b", 6, 7))
    packer.add(sample("c", 8, 9, 10, 11))
    expect([...packer.end()]).toEqual([
      {
        ids: ["a", "b"],
        row: {
          input_ids: Int32Array.of(1, 2, 3, 4, 5, 6, 7),
          labels: Int32Array.of(-100, 2, 3, 4, 5, -100, 7),
          seq_lengths: Int32Array.of(5, 2),
        },
      },
      {
        ids: ["c"],
        row: {
          input_ids: Int32Array.of(8, 9, 10, 11),
          labels: Int32Array.of(-100, 9, 10, 11),
          seq_lengths: Int32Array.of(4),
        },
      },
    ])
    expect(packer.fill).toBe(11 / 16)
  })

  test("wait in copies, go on waiting when others are done, and keep labels of any form", () => {
    const packer = new SamplePacker({ sequenceLength: 10, windowPlaces: 40 })
    let state = 3
    const random = (below: number) => {
      state = (state * 48_271) % 2_147_483_647
      return state % below
    }
    const samples = Array.from({ length: 400 }, (_, at) => {
      const inputIds = Int32Array.from({ length: 1 + random(9) }, (_, place) => 10 * at + place)
      const labels = inputIds.map((id, place) => (at % 3 === 0 ? -100 : at % 3 === 1 || place > 1 ? id : -100))
      // Loss on a turn before the last.
      if (at % 5 === 0) labels[labels.length - 1] = -100
      return { id: `${at}`, inputIds, labels }
    })
    const found = new Map<string, { inputIds: Int32Array; labels: Int32Array }>()
    const take = (rows: Iterable<{ row: PackedTokens; ids: readonly string[] }>) => {
      for (const { row, ids } of rows) {
        let start = 0
        for (const [at, id] of ids.entries()) {
          const end = start + row.seq_lengths[at]!
          found.set(id, { inputIds: row.input_ids.slice(start, end), labels: row.labels.slice(start, end) })
          start = end
        }
        expect(start).toBe(row.input_ids.length)
      }
    }
    for (const sample of samples) {
      const own = { id: sample.id, inputIds: sample.inputIds.slice(), labels: sample.labels.slice() }
      take(packer.add(own))
      own.inputIds.fill(0)
      own.labels.fill(0)
    }
    take(packer.end())
    expect(found.size).toBe(samples.length)
    for (const { id, inputIds, labels } of samples) expect(found.get(id)).toEqual({ inputIds, labels })
  })
})
