import { onAbort } from "./on-abort.ts"

/** A promise's own end, or the signal's reason when that comes first. Leaves nothing behind on a signal that outlives it. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const leave = onAbort(signal, () => aborted.reject(signal.reason))
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    leave()
  }
}
