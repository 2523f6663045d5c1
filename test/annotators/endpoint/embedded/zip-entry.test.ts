import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { extractZipEntry } from "../../../../annotators/endpoint/embedded/zip-entry.ts"
import { zipOf } from "./zip-of.ts"

const text = Buffer.from("weights ".repeat(50_000))
let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "zip-"))
})
afterEach(() => rmSync(folder, { recursive: true }))

const extract = async (zip: Buffer, name: string, maxBytes = 1e9) => {
  writeFileSync(join(folder, "a.zip"), zip)
  await extractZipEntry(join(folder, "a.zip"), name, join(folder, "out"), { maxBytes })
  return readFileSync(join(folder, "out"))
}

describe("extractZipEntry", () => {
  it("reads a stored and a deflated entry among others", async () => {
    const zip = zipOf([
      { name: "first.txt", bytes: Buffer.from("first"), deflate: false },
      { name: "dir/packed.bin", bytes: text, deflate: true },
      { name: "dir/plain.bin", bytes: text, deflate: false },
    ])
    expect((await extract(zip, "dir/packed.bin")).equals(text)).toBe(true)
    expect((await extract(zip, "dir/plain.bin")).equals(text)).toBe(true)
  })

  it("tells how far it is", async () => {
    writeFileSync(join(folder, "a.zip"), zipOf([{ name: "a", bytes: text, deflate: true }]))
    const seen: number[] = []
    await extractZipEntry(join(folder, "a.zip"), "a", join(folder, "out"), {
      maxBytes: text.length,
      onBytes: (done) => seen.push(done),
    })
    expect(seen.at(-1)).toBe(text.length)
  })

  it("refuses a bomb, a missing entry, a cut file and what is no zip", async () => {
    const zip = zipOf([{ name: "a", bytes: text, deflate: true }])
    await expect(extract(zip, "a", 1_000)).rejects.toThrow("longer than 1000 bytes")
    await expect(extract(zip, "b")).rejects.toThrow("no entry b")
    await expect(extract(zip.subarray(0, zip.length - 60), "a")).rejects.toThrow("not a zip file")
    await expect(extract(Buffer.from("<html>"), "a")).rejects.toThrow("not a zip file")
    await expect(extract(Buffer.concat([zip.subarray(500)]), "a")).rejects.toThrow()
  })
})
