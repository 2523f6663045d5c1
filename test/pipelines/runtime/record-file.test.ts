import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { payloadOf, RecordWriter, scanRecords } from "../../../pipelines/runtime/record-file.ts"
import { complaintOf } from "../complaint.ts"
import { random } from "../random-rows.ts"
import { smallDisk, temporaryFolder } from "./folder.ts"

async function written(payloads: readonly string[]): Promise<string> {
  const path = join(temporaryFolder(), "records.log")
  const writer = await RecordWriter.create(path)
  await Promise.all(payloads.map((payload) => writer.append(payload)))
  await writer.close()
  return path
}

async function scanned(path: string, from = 0) {
  const damaged: number[] = []
  const records = await Array.fromAsync(scanRecords(path, from, (offset) => damaged.push(offset)))
  return { payloads: records.map(({ payload }) => payload), records, damaged }
}

describe("append", () => {
  test("keeps the order of the calls and says where each record stands", async () => {
    const payloads = ["", "{}", "𝒳 \ufeff \u2028", "x".repeat(5_000)]
    const path = join(temporaryFolder(), "records.log")
    const writer = await RecordWriter.create(path)
    const places = await Promise.all(payloads.map((payload) => writer.append(payload)))
    places.push(await writer.append("later"))
    expect(writer.bytes).toBe(readFileSync(path).length)
    await writer.close()
    const bytes = readFileSync(path)
    const read = places.map(({ offset, length }) => payloadOf(bytes.subarray(offset, offset + length - 1)))
    expect(read).toEqual([...payloads, "later"])
    expect((await scanned(path)).records).toEqual(places.map((place, at) => ({ ...place, payload: read[at] })))
  })

  test("resolves only when the record can be read by others", async () => {
    const path = join(temporaryFolder(), "records.log")
    const writer = await RecordWriter.create(path)
    for (let at = 0; at < 5; at++) {
      await writer.append(`record ${at}`)
      expect((await scanned(path)).payloads).toHaveLength(at + 1)
    }
    await writer.close()
  })

  test("close waits for what is being written", async () => {
    const path = join(temporaryFolder(), "records.log")
    const writer = await RecordWriter.create(path)
    const appended = [writer.append("a"), writer.append("b")]
    await writer.close()
    await Promise.all(appended)
    expect((await scanned(path)).payloads).toEqual(["a", "b"])
  })

  test("a file that stands is never appended to", async () => {
    const path = await written(["a"])
    await expect(RecordWriter.create(path)).rejects.toMatchObject({ code: "EEXIST" })
    expect((await scanned(path)).payloads).toEqual(["a"])
  })

  test("a full disk refuses a record, keeps those before it and takes others once there is room", async ({ skip }) => {
    const disk = smallDisk(64)
    if (disk === null) return skip("this process may not mount a file system")
    writeFileSync(join(disk, "ballast"), Buffer.alloc(24 << 10))
    const path = join(disk, "records.log")
    const writer = await RecordWriter.create(path)
    await writer.append("before")
    const complaint = await complaintOf(writer.append("x".repeat(50 << 10)))
    expect(complaint).toMatch(/^exit 1\nThe disk is full\n.*records\.log\n/)
    await writer.append("small enough")
    await expect(writer.append("y".repeat(50 << 10))).rejects.toThrow("The disk is full")
    rmSync(join(disk, "ballast"))
    await writer.append("z".repeat(50 << 10))
    await writer.close()
    const { payloads, damaged } = await scanned(path)
    expect(payloads.map((payload) => payload.slice(0, 12))).toEqual(["before", "small enough", "z".repeat(12)])
    expect(damaged).toEqual([])
  })
})

describe("scan", () => {
  const sizes = [1, 10, (1 << 20) - 10, 1 << 20, (1 << 20) - 11, 3 << 20, 5, (2 << 20) - 10, 7]
  const payloads = sizes.map((size, at) => String.fromCharCode(97 + at).repeat(size))

  test("records that cross and touch the borders of its chunks", async () => {
    const path = await written(payloads)
    const { payloads: read, records, damaged } = await scanned(path)
    expect(read.map(({ length }) => length)).toEqual(sizes)
    expect(read.every((payload, at) => payload === payloads[at])).toBe(true)
    expect(damaged).toEqual([])
    for (const [at, { offset }] of records.entries())
      expect((await scanned(path, offset)).payloads).toHaveLength(sizes.length - at)
  })

  test("characters of several bytes across a border are kept", async () => {
    const text = "é𝒳".repeat(400_000)
    const path = await written(["a", text, "b"])
    expect((await scanned(path)).payloads).toEqual(["a", text, "b"])
  })

  test("cut at every byte: whole records before the cut, nothing else", async () => {
    const path = await written(["first", "second", "third"])
    const whole = await scanned(path)
    const bytes = readFileSync(path)
    for (let end = bytes.length; end >= 0; end--) {
      truncateSync(path, end)
      const { payloads, damaged } = await scanned(path)
      expect(payloads).toEqual(
        whole.records.filter(({ offset, length }) => offset + length <= end).map(({ payload }) => payload),
      )
      expect(damaged).toEqual([])
    }
  })

  test("one flipped bit anywhere costs the record that it stands in, at most with its neighbour", async () => {
    const payloads = ['{"a":1}', '{"b":22}', '{"c":333}', '{"d":4444}']
    const path = await written(payloads)
    const bytes = readFileSync(path)
    const { records } = await scanned(path)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      writeFileSync(path, flipped)
      const { payloads: read, damaged } = await scanned(path)
      const hit = records.findIndex(({ offset, length }) => bit >> 3 < offset + length)
      // A damaged line end joins the record with the next one; in the last record it leaves a torn tail.
      const joined = bytes[bit >> 3] === 10
      const lost = joined ? [hit, hit + 1] : [hit]
      // The case of a checksum's hex digit says nothing: no harm is done.
      const harmless = read.length === payloads.length
      if (!harmless) expect(read).toEqual(payloads.filter((_, at) => !lost.includes(at)))
      if (harmless) expect(read).toEqual(payloads)
      else if (!(joined && hit === records.length - 1)) expect(damaged.length).toBeGreaterThan(0)
    }
  })

  test("lines of rubbish are skipped and counted", async () => {
    const path = await written(["a"])
    const end = readFileSync(path).length
    appendFileSync(path, "\n\nrubbish\n00000000 \nffffffff x\nzzzzzzzz x\n")
    const { payloads, damaged } = await scanned(path)
    // Eight zeros and a space are the right frame of an empty payload.
    expect(payloads).toEqual(["a", ""])
    expect(damaged).toEqual([end, end + 1, end + 2, end + 20, end + 31])
  })

  test("random payloads and a random cut", async () => {
    const next = random(7)
    for (let round = 0; round < 20; round++) {
      const payloads = Array.from({ length: 1 + Math.floor(next() * 30) }, () =>
        JSON.stringify("é\n\u0000x".repeat(Math.floor(next() * 200))),
      )
      const path = await written(payloads)
      const { records } = await scanned(path)
      const end = Math.floor(next() * readFileSync(path).length)
      truncateSync(path, end)
      const whole = records.filter(({ offset, length }) => offset + length <= end)
      expect((await scanned(path)).payloads).toEqual(payloads.slice(0, whole.length))
    }
  })

  test("a file that is missing is an error, an empty one has no records", async () => {
    const path = join(temporaryFolder(), "records.log")
    await expect(scanned(path)).rejects.toMatchObject({ code: "ENOENT" })
    writeFileSync(path, "")
    expect((await scanned(path)).payloads).toEqual([])
  })
})
