import { Worker } from "node:worker_threads"
import { stopError } from "./errors.ts"
import { threadReady } from "./thread-work.ts"

export interface ThreadPoolOptions {
  /** Module that calls `workInThread`. */
  module: URL
  /** What each thread is opened with; must survive a structured clone. */
  data: unknown
  /** Most threads; they are started as inputs come. */
  threads: number
  /** Limit of a thread's heap: the same on every machine, so that an input that breaks it does so everywhere. */
  heapMegabytes: number
}

/** A thread ended over its input: out of memory, or an error that it did not catch. The pool goes on with a new thread. */
export class ThreadCrash extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.name = "ThreadCrash"
  }
}

interface Task<I, O> {
  input: I
  resolve(output: O): void
  reject(error: unknown): void
}

interface Thread<I, O> {
  worker: Worker
  ready: boolean
  /** What it was given, in the order in which it answers. */
  given: Task<I, O>[]
}

/** Inputs that a thread holds at once: the next one is there when it has answered. */
const depth = 2

/** Worker threads that answer inputs of one kind; which thread answers is nobody's business. */
export class ThreadPool<I, O> {
  readonly #options: ThreadPoolOptions
  readonly #threads = new Set<Thread<I, O>>()
  #queue: Task<I, O>[] = []
  #closed: { reason: unknown } | null = null

  constructor(options: ThreadPoolOptions) {
    this.#options = options
  }

  /** The answer to an input. Rejects with `ThreadCrash` when the thread ended over it, and with `close`'s reason. */
  run(input: I): Promise<O> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed.reason)
      this.#queue.push({ input, resolve, reject })
      this.#assign()
    })
  }

  /** Ends all threads; what they have not answered is rejected with the reason. */
  async close(reason: unknown = new Error("The thread pool is closed")): Promise<void> {
    this.#closed ??= { reason }
    for (const { reject } of this.#queue.splice(0)) reject(reason)
    await Promise.all(
      [...this.#threads].map(({ worker, given }) => {
        for (const { reject } of given.splice(0)) reject(reason)
        return worker.terminate()
      }),
    )
  }

  #assign(): void {
    while (this.#queue.length > 0) {
      const [least] = [...this.#threads].toSorted((a, b) => a.given.length - b.given.length)
      const mayStart = this.#threads.size < this.#options.threads
      const thread = least && (least.given.length === 0 || !mayStart) ? least : mayStart ? this.#start() : null
      if (!thread || thread.given.length >= depth) return
      const task = this.#queue.shift()!
      thread.given.push(task)
      thread.worker.postMessage(task.input)
    }
  }

  #start(): Thread<I, O> {
    const { module, data, heapMegabytes } = this.#options
    const worker = new Worker(module, {
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    })
    const thread: Thread<I, O> = { worker, ready: false, given: [] }
    this.#threads.add(thread)
    let fault: unknown = null
    worker.on("message", (message: unknown) => {
      if (!thread.ready && message === threadReady) {
        thread.ready = true
        return
      }
      thread.given.shift()?.resolve(message as O)
      this.#assign()
    })
    worker.on("error", (error) => {
      fault = error
    })
    worker.on("exit", (code) => {
      this.#threads.delete(thread)
      this.#ended(thread, fault ?? `the thread ended with exit code ${code}`)
    })
    return thread
  }

  #ended({ ready, given }: Thread<I, O>, fault: unknown): void {
    if (this.#closed) return
    if (!ready) {
      const error = stopError(
        {
          what: "A worker thread cannot be started",
          got: fault instanceof Error ? fault.message : String(fault),
        },
        fault,
      )
      for (const { reject } of [...given, ...this.#queue.splice(0)]) reject(error)
      return
    }
    // A thread answers in order: the first input without an answer is the one that ended it.
    const [culprit, ...innocent] = given
    culprit?.reject(new ThreadCrash(fault))
    this.#queue.unshift(...innocent)
    this.#assign()
  }
}
