import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { sha256 } from "../../../pipelines/runtime/fingerprint.ts"
import { Ledger } from "../../../pipelines/runtime/ledger.ts"
import { temporaryFolder } from "./folder.ts"

const limits = { recordsPerSegment: 40, indexes: 3 }

/** A process that settles records until it is killed. */
function appender(folder: string, name: string) {
  const child = spawn(process.execPath, [join(import.meta.dirname, "ledger-appender.ts"), folder, name], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  onTestFinished(() => {
    child.kill("SIGKILL")
  })
  let said = ""
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk
  })
  const settled = () => said.split("\n").slice(0, -1).map(Number)
  return { child, name, settled }
}

test("what two processes said was settled is found while they write, and after both were killed at any moment", async () => {
  const folder = temporaryFolder()
  const said: { name: string; number: number }[] = []
  for (let round = 0; round < 4; round++) {
    const both = [appender(folder, `a${round}`), appender(folder, `b${round}`)]
    for (const { child, settled } of both) while (settled().length < 30 + round * 17) await once(child.stdout, "data")
    const known = both.flatMap(({ name, settled }) => settled().map((number) => ({ name, number })))
    const reader = await Ledger.open(folder, "read", limits)
    for (const { name, number } of known)
      expect(reader.get(sha256(`${name} ${number}`))?.request, `${name} ${number}`).toBe(number)
    await reader.close()
    for (const { child, name, settled } of both) {
      child.kill("SIGKILL")
      await once(child, "close")
      said.push(...settled().map((number) => ({ name, number })))
    }
    const ledger = await Ledger.open(folder, "exclusive", limits)
    for (const { name, number } of said) {
      const record = ledger.get(sha256(`${name} ${number}`))
      expect(record?.value, `${name} ${number}`).toBe(`${name} ${number} ${"x".repeat(number % 500)}`)
    }
    const calls = Object.values(ledger.totals()).reduce((sum, of) => sum + of.calls, 0)
    expect(calls).toBeGreaterThanOrEqual(said.length)
    await ledger.close()
  }
  expect(readdirSync(folder).filter((name) => name.endsWith(".idx")).length).toBeGreaterThan(0)
})
