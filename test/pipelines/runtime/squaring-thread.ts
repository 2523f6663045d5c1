// A thread for the tests of the pool: squares numbers, and does what a number below zero asks for.
import { workInThread } from "../../../pipelines/runtime/thread-work.ts"

await workInThread<{ fails: boolean }, number, number>(async ({ fails }) => {
  if (fails) throw new Error("cannot open")
  return (input) => {
    if (input === -1) throw new Error("minus one")
    if (input === -2) process.exit(9)
    if (input === -3) for (;;);
    return input * input
  }
})
