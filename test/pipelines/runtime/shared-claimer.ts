// Claims a key of a shared ledger, says so, and holds it until it is killed. Arguments: folder, key.
import { writeSync } from "node:fs"
import { SharedLedger } from "../../../pipelines/runtime/shared-ledger.ts"

const [folder, key] = [process.argv[2]!, process.argv[3]!]
const shared = await SharedLedger.open(folder, () => {})
await shared!.claim(key, new AbortController().signal)
writeSync(1, "claimed\n")
setInterval(() => {}, 1_000)
