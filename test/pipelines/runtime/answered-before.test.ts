import { appendFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { answeredBefore } from "../../../pipelines/runtime/answered-before.ts"
import { sha256 } from "../../../pipelines/runtime/fingerprint.ts"
import { Ledger } from "../../../pipelines/runtime/ledger.ts"
import { temporaryFolder } from "./folder.ts"

async function settle(folder: string, records: { identity: string; kind?: string; value: unknown }[], from: number) {
  const ledger = await Ledger.open(folder, "exclusive", { recordsPerSegment: 2 })
  for (const [at, { identity, kind = "chat", value }] of records.entries())
    await ledger.append({
      key: sha256(`${from + at}`),
      kind,
      identity,
      sample: 0,
      request: {},
      value,
      usage: null,
      at: "2026-01-01T00:00:00.000Z",
    })
  await ledger.close()
}

test("the latest first, each name once, over segments and torn tails", async () => {
  const folder = temporaryFolder()
  const by = (model: string, fingerprint: string | null = null) => ({ identity: "m", value: { model, fingerprint } })
  await settle(folder, [by("one"), by("one"), by("two", "fp"), { identity: "n", value: { model: "else" } }], 0)
  await settle(
    folder,
    [
      by("three"),
      by("one"),
      { identity: "m", kind: "sandbox", value: { model: "no" } },
      { identity: "m", value: null },
    ],
    10,
  )
  appendFileSync(join(folder, "000001.log"), "torn")
  const answered = await answeredBefore(folder)
  expect(answered.get("m")).toEqual([
    { model: "one", fingerprint: null },
    { model: "three", fingerprint: null },
    { model: "two", fingerprint: "fp" },
  ])
  expect(answered.get("n")).toEqual([{ model: "else", fingerprint: null }])
})

test("no ledger tells nothing", async () => {
  expect((await answeredBefore(join(temporaryFolder(), "none"))).size).toBe(0)
})
