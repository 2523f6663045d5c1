// Takes a lock, says what came of it and waits for its end. Argument: lock folder.
import { Lock } from "../../../pipelines/runtime/lock.ts"

const lock = await Lock.take(process.argv[2]!)
process.stdout.write(`${lock instanceof Lock ? "held" : `refused by ${lock.pid}`}\n`)
if (lock instanceof Lock) setInterval(() => {}, 1_000)
