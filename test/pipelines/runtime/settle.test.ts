import { describe, expect, test } from "vitest"
import { codeTests } from "../../../annotators/verifiers/code-tests.ts"
import type { Effect } from "../../../pipelines/runtime/effect.ts"
import { RowError } from "../../../pipelines/runtime/errors.ts"
import { effectKey, exchangeId, Ledger } from "../../../pipelines/runtime/ledger.ts"
import { Draining, LedgerEffects } from "../../../pipelines/runtime/settle.ts"
import { temporaryFolder } from "./folder.ts"

/** An effect that counts how often it was performed. */
function asking(request: unknown, perform: (signal: AbortSignal) => Promise<unknown> = async () => ({ to: request })) {
  const effect = {
    kind: "chat",
    identity: "model",
    request,
    sample: 0,
    performed: 0,
    async perform(signal: AbortSignal) {
      effect.performed++
      return { value: await perform(signal), usage: { input: 1, output: 2 } }
    },
  } satisfies Effect<unknown> & { performed: number }
  return effect
}

async function withLedger(body: (ledger: Ledger) => Promise<void>, folder = temporaryFolder()): Promise<void> {
  const ledger = await Ledger.open(folder, "exclusive")
  await body(ledger)
  await ledger.close()
}

describe("settle", () => {
  test("performs once, then replays, also in the next process", async () => {
    const folder = temporaryFolder()
    const effect = asking("a")
    const id = exchangeId(effectKey(effect))
    await withLedger(async (ledger) => {
      const effects = new LedgerEffects(ledger)
      const settled = { id, value: { to: "a" }, usage: { input: 1, output: 2 } }
      expect(await effects.settle(effect)).toEqual({ ...settled, replayed: false })
      expect(await effects.settle(effect)).toEqual({ ...settled, replayed: true })
    }, folder)
    await withLedger(async (ledger) => {
      expect((await new LedgerEffects(ledger).settle(effect)).replayed).toBe(true)
      expect(ledger.findExchange(id)?.value).toEqual({ to: "a" })
    }, folder)
    expect(effect.performed).toBe(1)
  })

  test("what is fresh reads as it will read in a rerun", () =>
    withLedger(async (ledger) => {
      const effects = new LedgerEffects(ledger)
      const effect = asking("a", async () => ({ gone: undefined, when: new Date(0), minus: -0, not: Number.NaN }))
      const fresh = await effects.settle(effect)
      const replayed = await effects.settle(effect)
      expect(fresh.value).toStrictEqual({ when: "1970-01-01T00:00:00.000Z", minus: 0, not: null })
      expect(replayed.value).toStrictEqual(fresh.value)
    }))

  test("rows that ask the same at once share one call", () =>
    withLedger(async (ledger) => {
      const effects = new LedgerEffects(ledger)
      const answer = Promise.withResolvers<unknown>()
      const effect = asking("a", () => answer.promise)
      const all = Array.from({ length: 5 }, () => effects.settle(effect))
      expect(effects.inFlight).toBe(1)
      answer.resolve(7)
      expect((await Promise.all(all)).map(({ value }) => value)).toEqual([7, 7, 7, 7, 7])
      expect(effect.performed).toBe(1)
      expect(effects.inFlight).toBe(0)
    }))

  test("the same request is asked anew for another sample", () =>
    withLedger(async (ledger) => {
      const effects = new LedgerEffects(ledger)
      const effect = asking("a")
      await effects.settle(effect)
      expect((await effects.settle({ ...effect, sample: 1 })).replayed).toBe(false)
      expect(effect.performed).toBe(2)
    }))

  test("a rejection reaches all who asked, settles nothing, and may be tried again", () =>
    withLedger(async (ledger) => {
      const effects = new LedgerEffects(ledger)
      let cut = true
      const effect = asking("a", async () => {
        if (cut) throw new RowError("cut", "The connection was cut")
        return "whole"
      })
      const both = await Promise.allSettled([effects.settle(effect), effects.settle(effect)])
      expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"])
      expect(effect.performed).toBe(1)
      expect(ledger.get(effectKey(effect))).toBeNull()
      expect(ledger.totals()).toEqual({})
      cut = false
      expect((await effects.settle(effect)).value).toBe("whole")
    }))

  test("what performs hears when its answer is on disk, and when it could not be written", () =>
    withLedger(async (ledger) => {
      let kept: Promise<void> | undefined
      const effect: Effect<unknown> = {
        ...asking("a"),
        perform: async (_signal, _noMore, written) => {
          kept = written!.then(() => expect(ledger.get(effectKey(effect))).not.toBeNull())
          return { value: 1 }
        },
      }
      await new LedgerEffects(ledger).settle(effect)
      await kept
      let lost = false
      const failing: Effect<unknown> = {
        ...asking("b"),
        perform: async (_signal, _noMore, written) => {
          void written!.then(() => {
            lost = true
          })
          return { value: 1n }
        },
      }
      await expect(new LedgerEffects(ledger).settle(failing)).rejects.toThrow(TypeError)
      expect(lost).toBe(true)
    }))

  test("offline: what is settled is used, all else fails its row and is not performed", () =>
    withLedger(async (ledger) => {
      const known = asking("a")
      await new LedgerEffects(ledger).settle(known)
      const offline = new LedgerEffects(ledger, { offline: true })
      expect((await offline.settle(known)).replayed).toBe(true)
      const unknown = asking("b")
      await expect(offline.settle(unknown)).rejects.toMatchObject({ reason: "not-settled", retryable: true })
      expect(unknown.performed).toBe(0)
    }))

  test("offline, a program that is not in the ledger runs: nobody is asked", () =>
    withLedger(async (ledger) => {
      const offline = new LedgerEffects(ledger, { offline: true })
      const completion = "```js\nfunction add(a, b) { return a + b }\n```"
      const reference = { entry_point: "add", tests: ["assert.equal(add(1, 2), 3)"] }
      const options = { language: "javascript" }
      expect(await codeTests.verify({ completion, reference, options }, offline)).toMatchObject({ verdict: "correct" })
      const program: Effect<unknown> = { ...asking("p"), kind: "sandbox" }
      expect(await offline.settle(program)).toMatchObject({ replayed: false })
      expect(await offline.settle(program)).toMatchObject({ replayed: true })
    }))
})

describe("drain", () => {
  test("what is in flight settles, what is settled replays, nothing new is asked", () =>
    withLedger(async (ledger) => {
      const effects = new LedgerEffects(ledger)
      const answer = Promise.withResolvers<unknown>()
      const running = effects.settle(asking("a", () => answer.promise))
      const drained = effects.drain(60_000)
      const fresh = asking("b")
      await expect(effects.settle(fresh)).rejects.toBeInstanceOf(Draining)
      expect(effects.signal.aborted).toBe(false)
      answer.resolve("late, but paid for")
      await drained
      expect((await running).value).toBe("late, but paid for")
      expect(effects.signal.aborted).toBe(true)
      expect((await effects.settle(asking("a"))).replayed).toBe(true)
      expect(fresh.performed).toBe(0)
    }))

  test("after the grace what still runs is aborted", () =>
    withLedger(async (ledger) => {
      const effects = new LedgerEffects(ledger)
      const effect = asking(
        "a",
        (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      )
      const running = effects.settle(effect)
      const ended = expect(running).rejects.toBeInstanceOf(Draining)
      await effects.drain(1)
      await ended
      expect(ledger.get(effectKey(effect))).toBeNull()
    }))

  test("with nothing in flight it does not wait", () =>
    withLedger(async (ledger) => {
      const effects = new LedgerEffects(ledger)
      await effects.drain(1e8)
      expect(effects.signal.aborted).toBe(true)
    }))
})
