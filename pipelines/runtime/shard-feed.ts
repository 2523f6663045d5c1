import type { Commit, Shard } from "./commit.ts"

/** A shard of a stage's output and its place among the others. */
export interface PlacedShard {
  index: number
  shard: Shard
}

/** A stage's commits as they come: shards for those who work on each at once, all of them for those who must wait. */
export class ShardFeed {
  #shards: PlacedShard[] = []
  #commits: Commit[] = []
  #ended = false
  #failed: { error: unknown } | null = null
  #wake: (() => void)[] = []

  /** Adds a commit. A task with one output stands at its own index; one with several is the stage's only one. */
  push(commit: Commit): void {
    this.#commits.push(commit)
    for (const [at, shard] of commit.outputs.entries()) this.#shards.push({ index: commit.index + at, shard })
    this.#notify()
  }

  end(): void {
    this.#ended = true
    this.#notify()
  }

  /** Whoever waits gets the error. */
  fail(error: unknown): void {
    this.#failed ??= { error }
    this.#notify()
  }

  /** Shards in the order in which they become ready. */
  async *shards(): AsyncGenerator<PlacedShard> {
    for (let at = 0; ; ) {
      if (this.#failed) throw this.#failed.error
      if (at < this.#shards.length) yield this.#shards[at++]!
      else if (this.#ended) return
      else await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
  }

  /** All commits by index, once the stage is done. */
  async commits(): Promise<Commit[]> {
    while (!this.#ended && !this.#failed) await new Promise<void>((resolve) => this.#wake.push(resolve))
    if (this.#failed) throw this.#failed.error
    return this.#commits.toSorted((a, b) => a.index - b.index)
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}
