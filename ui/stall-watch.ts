import { extname } from "node:path"
import { Worker } from "node:worker_threads"
import { shareWork } from "../pipelines/runtime/at-work.ts"

/** What the watching thread is given. */
export interface StallWatch {
  /** Rises while the watched thread is not blocked. */
  beats: Int32Array<SharedArrayBuffer>
  /** The last step that it entered, in UTF-8 up to a 0. */
  name: Uint8Array<SharedArrayBuffer>
}

const beatMs = 250
let watching = false

/**
 * Watches this thread from another one, where code of the user's runs in it: a step that never comes back keeps the handlers of Ctrl-C
 * and SIGTERM from being called. See `stall-thread.ts`.
 */
export function watchForStalls(): void {
  if (watching) return
  watching = true
  const data: StallWatch = shareWork(beatMs)
  new Worker(new URL(`./stall-thread${extname(import.meta.url)}`, import.meta.url), { workerData: data }).unref()
}
