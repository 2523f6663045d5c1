// Settles records without end and says the number of each once it is settled. Arguments: ledger folder, name.
import { writeSync } from "node:fs"
import { sha256 } from "../../../pipelines/runtime/fingerprint.ts"
import { Ledger } from "../../../pipelines/runtime/ledger.ts"

const [folder, name] = [process.argv[2]!, process.argv[3]!]
const ledger = await Ledger.open(folder, "append", { recordsPerSegment: 40 })
for (let next = 0; ; ) {
  const group = Array.from({ length: 1 + (next % 7) }, () => next++)
  await Promise.all(
    group.map(async (number) => {
      const value = `${name} ${number} ${"x".repeat(number % 500)}`
      await ledger.append({
        key: sha256(`${name} ${number}`),
        kind: "chat",
        identity: name,
        sample: 0,
        request: number,
        value,
        usage: null,
        at: "",
      })
      writeSync(1, `${number}\n`)
    }),
  )
}
