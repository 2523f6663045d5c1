/** Who listens to a signal, and the one listener that the signal knows. */
interface Listening {
  readonly calls: Set<() => void>
  readonly listener: () => void
}

const listenings = new WeakMap<AbortSignal, Listening>()

/**
 * Calls `call` once when the signal aborts, until the returned function is called. A signal that thousands of calls share gets one
 * listener for all: an event target looks through every listener that it has for each one that is added.
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  let listening = listenings.get(signal)
  if (listening === undefined) {
    const calls = new Set<() => void>()
    const listener = () => {
      listenings.delete(signal)
      for (const each of calls) each()
    }
    listening = { calls, listener }
    listenings.set(signal, listening)
    signal.addEventListener("abort", listener, { once: true })
  }
  const { calls, listener } = listening
  calls.add(call)
  return () => {
    if (!calls.delete(call) || calls.size > 0 || listenings.get(signal)?.calls !== calls) return
    listenings.delete(signal)
    signal.removeEventListener("abort", listener)
  }
}
