import { availableParallelism } from "node:os"
import type { Llama, LlamaModel } from "node-llama-cpp"
import { stopError } from "../../../pipelines/runtime/errors.ts"
import { batchTokens, ContextSlot } from "./context-slot.ts"
import { loadLlamaModule } from "./llama-module.ts"
import { type GeneratedToken, type Generation, generateTokens } from "./token-stream.ts"
import { TurnQueue } from "./turn-queue.ts"

export interface PoolOptions {
  /** The GGUF file. */
  modelPath: string
  /** Generations at once; default: the cores of the machine. Each takes one thread. */
  contexts?: number | undefined
  /** Tokens of prompt and answer together; default 2,048. Memory grows with it, per context. */
  contextTokens?: number | undefined
  /** Further contexts, made when they are first of use, that keep the state of prompts seen before; default 4. */
  spareContexts?: number | undefined
  /** Generations that may wait; one more is refused. Default 256. */
  maxWaiting?: number | undefined
}

/** How a generation waits for a context. */
export interface Queueing {
  /** Whose it is: clients take turns. */
  client?: string | undefined
  /** It belongs to a request that was let in already, and waits however many do. */
  admitted?: boolean | undefined
}

/** Too many generations wait. */
export class PoolFull extends Error {}

/** The pool was closed. */
export class PoolClosed extends Error {}

/**
 * A model with a pool of contexts of one sequence and one thread each (node-llama-cpp 3.21.1 mixes up sequences that share
 * a batch). Clients take turns, and what one client asks for comes in its order. Each generation gets, of the contexts that
 * are free, the one that already holds most of its prompt.
 */
export class GenerationPool {
  readonly llama: Llama
  readonly model: LlamaModel
  readonly contexts: number
  readonly contextTokens: number
  readonly #maxSlots: number
  readonly #maxWaiting: number
  readonly #free: ContextSlot[] = []
  readonly #waiting = new TurnQueue()
  readonly #closing = new AbortController()
  #slots = 0
  #running = 0
  #uses = 0
  #idle: (() => void) | null = null
  #counts = { generations: 0, promptTokens: 0, reusedTokens: 0, outputTokens: 0 }

  private constructor(llama: Llama, model: LlamaModel, options: PoolOptions) {
    this.llama = llama
    this.model = model
    this.contexts = options.contexts ?? availableParallelism()
    this.contextTokens = Math.min(options.contextTokens ?? 2_048, model.trainContextSize)
    this.#maxSlots = this.contexts + (options.spareContexts ?? 4)
    this.#maxWaiting = options.maxWaiting ?? 256
  }

  /** Loads the model and the first contexts. Rejects when the file is no model or memory is short. */
  static async open(options: PoolOptions): Promise<GenerationPool> {
    const { getLlama, LlamaLogLevel } = await loadLlamaModule()
    const llama = await getLlama({
      gpu: false,
      build: "never",
      progressLogs: false,
      // 0 is no limit: each context's one thread is what bounds them.
      maxThreads: 0,
      logLevel: LlamaLogLevel.error,
    })
    try {
      const pool = new GenerationPool(llama, await llama.loadModel({ modelPath: options.modelPath }), options)
      for (let i = 0; i < pool.contexts; i++) pool.#free.push(await pool.#addSlot())
      return pool
    } catch (error) {
      await llama.dispose()
      throw stopError(
        {
          what: "cannot load the embedded model",
          where: options.modelPath,
          got: (error as Error).message,
          remedy: "with little memory: fewer contexts, or fewer tokens per context",
        },
        error,
      )
    }
  }

  /** What runs and waits, and totals since the start. */
  counters() {
    return {
      ...this.#counts,
      contexts: this.contexts,
      slots: this.#slots,
      running: this.#running,
      waiting: this.#waiting.size,
    }
  }

  /**
   * Generates once a context is free. Throws `PoolFull` at once when too many wait already, and the signal's reason when
   * aborted. Leaving the iteration early frees the context.
   */
  async *generate(
    generation: Generation,
    signal: AbortSignal,
    { client = "", admitted = false }: Queueing = {},
  ): AsyncGenerator<GeneratedToken, void, void> {
    const stop = AbortSignal.any([signal, this.#closing.signal])
    const slot = await this.#acquire(generation, stop, client, admitted)
    try {
      this.#counts.generations++
      this.#counts.promptTokens += generation.prompt.length
      this.#counts.reusedTokens += slot.reusable(takenOver(generation))
      for await (const token of generateTokens(slot, this.model, generation, stop)) {
        this.#counts.outputTokens++
        yield token
      }
    } catch (error) {
      if (!stop.aborted) await slot.clear().catch(() => undefined)
      throw error
    } finally {
      this.#free.push(slot)
      this.#passOn()
    }
  }

  /** Ends what runs and waits, and frees the model's memory. */
  async close(): Promise<void> {
    this.#closing.abort(new PoolClosed("the server is closing"))
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    await this.llama.dispose()
  }

  async #acquire(generation: Generation, signal: AbortSignal, client: string, admitted: boolean): Promise<ContextSlot> {
    signal.throwIfAborted()
    if (this.#running >= this.contexts) {
      if (!admitted && this.#waiting.size >= this.#maxWaiting)
        throw new PoolFull(`${this.#waiting.size} generations wait already`)
      await this.#waiting.turn(client, signal)
    } else this.#running++
    try {
      const slot = await this.#choose(generation)
      slot.lastUse = ++this.#uses
      return slot
    } catch (error) {
      this.#passOn()
      throw error
    }
  }

  async #choose(generation: Generation): Promise<ContextSlot> {
    const prompt = takenOver(generation)
    const best = this.#free.reduce((best, slot) => (slot.reusable(prompt) > best.reusable(prompt) ? slot : best))
    const reusable = best.reusable(prompt)
    // A context whose prompt has only its beginning in common (a shared system message) is left for its own kind.
    if (reusable > 0 && reusable * 2 >= prompt.length - batchTokens) return this.#take(best)
    const empty = this.#free.find((slot) => slot.holds === 0)
    if (empty) return this.#take(empty)
    // A spare context is only ever of use, never needed: short memory means to do without.
    const spare = this.#slots < this.#maxSlots ? await this.#addSlot().catch(() => null) : null
    return spare ?? this.#take(this.#free.reduce((oldest, slot) => (slot.lastUse < oldest.lastUse ? slot : oldest)))
  }

  #take(slot: ContextSlot): ContextSlot {
    this.#free.splice(this.#free.indexOf(slot), 1)
    return slot
  }

  async #addSlot(): Promise<ContextSlot> {
    this.#slots++
    try {
      const context = await this.model.createContext({
        contextSize: this.contextTokens,
        batchSize: batchTokens,
        sequences: 1,
        threads: 1,
        flashAttention: true,
      })
      return new ContextSlot(context)
    } catch (error) {
      this.#slots--
      throw error
    }
  }

  #passOn(): void {
    if (!this.#waiting.startNext() && --this.#running === 0) this.#idle?.()
  }
}

/** The prompt as far as an earlier one can save it work: one that is scored is evaluated token by token. */
const takenOver = ({ prompt, onPrompt }: Generation) => (onPrompt === undefined ? prompt : [])
