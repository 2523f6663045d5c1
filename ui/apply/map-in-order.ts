export interface MapInOrderOptions {
  /** Inputs that are worked on at once. */
  running: number
  /** Results, finished or not, that may wait for an earlier one. */
  ahead: number
  /** Resolves when a further input may be started. */
  ready?: () => Promise<void>
}

/**
 * Works on several inputs at once and yields the results in the order of the inputs; one slow input lets up to `ahead` others pass.
 * Rejects with the first rejection, whichever input it is of, at once.
 */
export async function* mapInOrder<T, R>(
  inputs: AsyncIterable<T>,
  work: (input: T) => Promise<R>,
  { running, ahead, ready }: MapInOrderOptions,
): AsyncGenerator<R> {
  const waiting: { done: boolean; result: Promise<R> }[] = []
  let active = 0
  let failed: { error: unknown } | null = null
  let changed = Promise.withResolvers<void>()
  const start = (input: T) => {
    const slot = { done: false, result: work(input) }
    active++
    waiting.push(slot)
    slot.result
      .catch((error: unknown) => {
        failed ??= { error }
      })
      .finally(() => {
        slot.done = true
        active--
        changed.resolve()
        changed = Promise.withResolvers()
      })
  }
  const check = () => {
    if (failed) throw failed.error
  }
  for await (const input of inputs) {
    await ready?.()
    start(input)
    for (;;) {
      check()
      while (waiting[0]?.done) yield await waiting.shift()!.result
      if (active < running && waiting.length < ahead) break
      await changed.promise
    }
  }
  while (waiting.length > 0) {
    check()
    if (waiting[0]!.done) yield await waiting.shift()!.result
    else await changed.promise
  }
}
