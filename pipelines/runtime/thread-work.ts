import { parentPort, workerData } from "node:worker_threads"

/** What a thread says once, when it can work. */
export const threadReady = "ready"

/**
 * The body of a thread of a `ThreadPool`: `open` gets the pool's data once and returns the function that answers each input. What that
 * function throws ends the thread.
 */
export async function workInThread<D, I, O>(open: (data: D) => Promise<(input: I) => O>): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error("This module is the body of a worker thread")
  const answer = await open(workerData as D)
  port.on("message", (input: I) => port.postMessage(answer(input)))
  port.postMessage(threadReady)
}
