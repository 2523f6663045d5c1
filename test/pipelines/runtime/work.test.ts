import { existsSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, test } from "vitest"
import { readCommit, readCommits } from "../../../pipelines/runtime/commit.ts"
import { CotyledonError, exitCode, stopError } from "../../../pipelines/runtime/errors.ts"
import { effectKey, Ledger } from "../../../pipelines/runtime/ledger.ts"
import { Lock, ownerOf } from "../../../pipelines/runtime/lock.ts"
import { work } from "../../../pipelines/runtime/work.ts"
import { complaintOf } from "../complaint.ts"
import { temporaryFolder } from "./folder.ts"
import { published, runTiny, someTexts, type Tiny, tinyRecipe, workIn } from "./tiny-recipe.ts"

/** Shards of 20 rows. */
const shards = 5

/** A run that stopped before its first draft, once all shards of the stage in front of it stood. */
async function stoppedRun(): Promise<string> {
  const out = temporaryFolder()
  const { error } = await runTiny(out, {
    answer: async () => {
      // Stages work at once: a stop at the first draft would come before or after the last shard, as it happens.
      while ((await readCommits(out, "clean")).length < shards) await sleep(5)
      throw stopError({ what: "Not today" })
    },
  })
  expect(error).not.toBeNull()
  return out
}

function workTiny(run: string, stage: string, index: number, changes: Partial<Tiny> = {}, signal?: AbortSignal) {
  const { recipe, asked, total } = tinyRecipe(changes)
  const done = work({ recipe, config: { seed: 1 }, run, stage, index, graceMs: 1_000, ...(signal && { signal }) })
  return { done, asked, total }
}

const kept = someTexts(20).filter((text) => text !== "" && text.length <= 30)

async function undisturbed(): Promise<Record<string, string>> {
  const out = temporaryFolder()
  await runTiny(out)
  return published(out)
}

test("does one task; the run then reuses it, and ends as if it had done it itself", async () => {
  const out = await stoppedRun()
  const { done, asked } = workTiny(out, "draft", 1)
  expect(await done).toBe(true)
  const texts = someTexts(20).slice(4, 8)
  expect([...asked.keys()]).toEqual(texts.filter((text) => kept.includes(text)))
  const { calls, events } = await runTiny(out)
  expect(workIn(events).draft).toEqual(["0: not done yet", "2: not done yet", "3: not done yet", "4: not done yet"])
  expect(calls).toBe(kept.length - asked.size)
  expect(published(out)).toEqual(await undisturbed())
})

test("tasks that workers do at the same time", async () => {
  const out = await stoppedRun()
  const workers = [0, 1, 2, 3, 4].map((index) => workTiny(out, "draft", index))
  expect(await Promise.all(workers.map(({ done }) => done))).toEqual([true, true, true, true, true])
  const { calls } = await runTiny(out)
  expect(calls).toBe(0)
  expect(published(out)).toEqual(await undisturbed())
})

test("a task that stands is not done again", async () => {
  const out = await stoppedRun()
  await workTiny(out, "draft", 0).done
  const again = workTiny(out, "draft", 0)
  expect(await again.done).toBe(false)
  expect(again.total()).toBe(0)
})

test("stages with side data are worked on once these stand", async () => {
  const out = temporaryFolder()
  const { error } = await runTiny(out, { bonus: 2 ** 40, failureLimit: 0 })
  expect((error as Error).message).toMatch(/^Too many rows failed in stage finish\n/)
  const { done } = workTiny(out, "finish", 0)
  expect(await done).toBe(true)
  const { events } = await runTiny(out)
  expect(workIn(events)).toEqual({
    finish: [1, 2, 3, 4].map((index) => expect.stringMatching(new RegExp(`^${index}: `))),
  })
  expect(published(out)).toEqual(await undisturbed())
})

describe("usage", () => {
  test("a stage or task that is not there is a clear error", async () => {
    const out = await stoppedRun()
    expect(await complaintOf(workTiny(out, "drafts", 0).done)).toBe(
      "exit 2\nNo map stage drafts in recipe tiny\nclean, draft, score, finish",
    )
    expect(await complaintOf(workTiny(out, "sum", 0).done)).toMatch(/^exit 2\nNo map stage sum/)
    expect(await complaintOf(workTiny(out, "draft", 5).done)).toMatch(
      /^exit 2\nTask 5 of stage draft has no input\n.*\(0 to 4\)/,
    )
    expect(await complaintOf(workTiny(out, "score", 0).done)).toMatch(/^exit 2\nTask 0 of stage score has no input\n/)
    expect(await complaintOf(workTiny(out, "finish", 0).done)).toMatch(/^exit 2\n/)
  })
})

describe("a leased task", () => {
  /** A worker that waits within its first effect. */
  function slowWorker(out: string) {
    const started = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<void>()
    const worker = workTiny(out, "draft", 0, {
      answer: async ({ text }) => {
        started.resolve()
        await answer.promise
        return `answer to ${text}`
      },
    })
    return { ...worker, started: started.promise, go: answer.resolve }
  }

  test("is refused to another worker with exit code 3", async () => {
    const out = await stoppedRun()
    const first = slowWorker(out)
    await first.started
    expect(await complaintOf(workTiny(out, "draft", 0).done)).toMatch(
      /^exit 3\nAnother process works on task 0 of stage draft\n/,
    )
    first.go()
    expect(await first.done).toBe(true)
  })

  test("is waited for by the run, and its effects are performed once", async () => {
    const out = await stoppedRun()
    const worker = slowWorker(out)
    await worker.started
    const running = runTiny(out, {
      scoring: ({ id }) => {
        // The run has got to another shard without the leased one.
        if (id !== "q0") worker.go()
      },
    })
    const { result, calls, events } = await running
    expect(await worker.done).toBe(true)
    expect(result).not.toBeNull()
    expect(calls + worker.total()).toBe(kept.length)
    expect(workIn(events).draft).toHaveLength(4)
    expect(published(out)).toEqual(await undisturbed())
  })

  test("is still leased after the run has stopped beside it", async () => {
    const out = await stoppedRun()
    const worker = slowWorker(out)
    await worker.started
    await runTiny(out, {
      answer: async () => {
        throw stopError({ what: "Stopped again" })
      },
    })
    expect(await ownerOf(join(out, "leases", "draft-0"))).toMatchObject({ pid: process.pid })
    expect(await complaintOf(workTiny(out, "draft", 0).done)).toMatch(/^exit 3\n/)
    worker.go()
    expect(await worker.done).toBe(true)
    await runTiny(out)
    expect(existsSync(join(out, "leases"))).toBe(false)
  })

  test("whose worker dies is taken over, and what the worker settled is not asked again", async () => {
    const out = await stoppedRun()
    // The worker has settled one answer and dies: its segment stands, its lease is free.
    const lease = (await Lock.take(join(out, "leases", "draft-0"))) as Lock
    const ledger = await Ledger.open(join(out, "ledger"), "append")
    const effect = { kind: "chat", identity: "tiny-model", request: { text: kept[0]! }, sample: 0 }
    let died = false
    const { result, asked, calls } = await runTiny(out, {
      scoring: () => {
        if (died) return
        died = true
        // The run opened the ledger long ago.
        void ledger
          .append({
            key: effectKey(effect),
            ...effect,
            value: `answer to ${kept[0]}`,
            usage: null,
            at: new Date().toISOString(),
          })
          .then(() => lease.release())
      },
    })
    expect(result).not.toBeNull()
    expect(asked.has(kept[0]!)).toBe(false)
    expect(calls).toBe(kept.length - 1)
    await ledger.close()
    expect(published(out)).toEqual(await undisturbed())
  })

  test("that another worker finished meanwhile is not done again", async () => {
    const out = await stoppedRun()
    // Two that start at once: one works, the other is refused or finds the task done; nobody asks twice.
    const workers = Array.from({ length: 4 }, () => workTiny(out, "draft", 0))
    const results = await Promise.allSettled(workers.map(({ done }) => done))
    expect(results.filter((of) => of.status === "fulfilled" && of.value)).toHaveLength(1)
    for (const of of results) if (of.status === "rejected") expect(of.reason).toMatchObject({ exit: exitCode.held })
    const total = workers.reduce((sum, worker) => sum + worker.total(), 0)
    expect(total).toBe(someTexts(4).filter((text) => kept.includes(text)).length)
  })
})

describe("a stop", () => {
  const reason = new CotyledonError(exitCode.interrupted, { what: "Interrupted by SIGTERM" })

  test("lets calls in flight settle, and gives the lease back", async () => {
    const out = await stoppedRun()
    const stop = new AbortController()
    const answer = async ({ text }: { text: string }) => {
      setImmediate(() => stop.abort(reason))
      await new Promise((resolve) => setTimeout(resolve, 20))
      return `answer to ${text}`
    }
    const stopped = workTiny(out, "draft", 0, { answer, rowsInFlight: 1 }, stop.signal)
    await expect(stopped.done).rejects.toBe(reason)
    expect(stopped.total()).toBe(1)
    expect(await readCommit(out, "draft", 0)).toBeNull()
    const again = workTiny(out, "draft", 0)
    expect(await again.done).toBe(true)
    expect([...again.asked.keys()]).not.toContain(kept[0])
  })

  test("before the start does nothing", async () => {
    const out = await stoppedRun()
    const { done, total } = workTiny(out, "draft", 0, {}, AbortSignal.abort(reason))
    await expect(done).rejects.toBe(reason)
    expect(total()).toBe(0)
  })
})
