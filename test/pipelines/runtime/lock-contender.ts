// Takes and releases one lock again and again beside others that do the same. While it holds the lock it holds a file that only one
// may make; a second owner at the same time is told on stdout. Arguments: lock folder, rounds.
import { mkdirSync, rmdirSync } from "node:fs"
import { Lock } from "../../../pipelines/runtime/lock.ts"

const [folder, rounds] = [process.argv[2]!, Number(process.argv[3])]
let held = 0
let doubles = 0
for (let left = rounds; left > 0; ) {
  const lock = await Lock.take(folder)
  if (!(lock instanceof Lock)) continue
  left--
  held++
  const proof = `${folder}-held`
  try {
    mkdirSync(proof)
    await new Promise(setImmediate)
    rmdirSync(proof)
  } catch {
    doubles++
  }
  await lock.release()
}
process.stdout.write(JSON.stringify({ held, doubles }))
