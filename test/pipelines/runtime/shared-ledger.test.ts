import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import type { Effect } from "../../../pipelines/runtime/effect.ts"
import { effectKey, Ledger } from "../../../pipelines/runtime/ledger.ts"
import { readManifest } from "../../../pipelines/runtime/publish.ts"
import { runTotals } from "../../../pipelines/runtime/run-totals.ts"
import { LedgerEffects } from "../../../pipelines/runtime/settle.ts"
import { SharedLedger } from "../../../pipelines/runtime/shared-ledger.ts"
import { temporaryFolder } from "./folder.ts"
import { published, runTiny, someTexts, type Tiny } from "./tiny-recipe.ts"

const never = new AbortController().signal

/** One run's effects over a shared folder. */
async function house(shared: string, own = temporaryFolder(), { offline = false } = {}) {
  const said: string[] = []
  const ledger = await Ledger.open(own, "append")
  const common = await SharedLedger.open(shared, (message) => said.push(message))
  const effects = new LedgerEffects(ledger, { shared: common, offline })
  const close = async () => {
    await common?.close()
    await ledger.close()
  }
  return { ledger, effects, said, own, close }
}

function asking(request: unknown, answer: () => Promise<unknown> = async () => `answer to ${request}`) {
  const effect = {
    kind: "chat" as const,
    identity: "model",
    request,
    sample: 0,
    performed: 0,
    async perform() {
      effect.performed++
      return { value: await answer(), usage: { input: 3, output: 4 } }
    },
  } satisfies Effect<unknown> & { performed: number }
  return effect
}

describe("what one run paid for", () => {
  test("the next takes over, keeps, and does not count as paid", async () => {
    const shared = temporaryFolder()
    const first = await house(shared)
    await first.effects.settle(asking("a"))
    await first.close()
    const second = await house(shared)
    const effect = asking("a")
    expect(await second.effects.settle(effect)).toMatchObject({ value: "answer to a", replayed: true })
    expect(effect.performed).toBe(0)
    expect(second.ledger.totals()).toEqual({ model: { calls: 0, input: 0, output: 0, reused: 1 } })
    await second.close()
    // Its own folder is enough from now on.
    rmSync(shared, { recursive: true })
    const ledger = await Ledger.open(second.own, "read")
    expect(ledger.get(effectKey(effect))).toMatchObject({ value: "answer to a", reused: true })
    expect(ledger.totals()).toEqual({ model: { calls: 0, input: 0, output: 0, reused: 1 } })
    await ledger.close()
    expect(first.said.concat(second.said)).toEqual([])
  })

  test("is found while both run, whoever opened first", async () => {
    const shared = temporaryFolder()
    const [first, second] = [await house(shared), await house(shared)]
    await first.effects.settle(asking("a"))
    const effect = asking("a")
    await second.effects.settle(effect)
    expect(effect.performed).toBe(0)
    await Promise.all([first.close(), second.close()])
  })

  test("at the same moment is paid once: the other waits for the answer", async () => {
    const shared = temporaryFolder()
    const runs = await Promise.all(Array.from({ length: 4 }, () => house(shared)))
    const effects = runs.map(() =>
      Array.from({ length: 10 }, (_, at) =>
        asking(at, async () => {
          await new Promise((resolve) => setTimeout(resolve, 20))
          return at
        }),
      ),
    )
    const settled = await Promise.all(
      runs.flatMap((run, at) => effects[at]!.map(async (effect) => (await run.effects.settle(effect)).value)),
    )
    expect(settled).toEqual(runs.flatMap(() => Array.from({ length: 10 }, (_, at) => at)))
    for (let at = 0; at < 10; at++)
      expect(
        effects.reduce((sum, of) => sum + of[at]!.performed, 0),
        `${at}`,
      ).toBe(1)
    expect(readdirSync(join(shared, "claims"))).toEqual([])
    await Promise.all(runs.map(({ close }) => close()))
    expect(readdirSync(join(shared, "owners"))).toEqual([])
  })

  test("a run that failed to get an answer leaves the turn to the other", async () => {
    const shared = temporaryFolder()
    const [first, second] = [await house(shared), await house(shared)]
    const started = Promise.withResolvers<void>()
    const fails = asking("a", async () => {
      started.resolve()
      await new Promise((resolve) => setTimeout(resolve, 50))
      throw new Error("cut")
    })
    const failing = expect(first.effects.settle(fails)).rejects.toThrow("cut")
    await started.promise
    const effect = asking("a")
    expect((await second.effects.settle(effect)).value).toBe("answer to a")
    await failing
    expect(effect.performed).toBe(1)
    await Promise.all([first.close(), second.close()])
  })

  test("of a model that nothing names, or in a sandbox, is nobody else's", async () => {
    const shared = temporaryFolder()
    const first = await house(shared)
    const second = await house(shared)
    for (const more of [{ anonymous: true }, { kind: "sandbox" as const }]) {
      const [one, other] = [asking("a"), asking("a")]
      await first.effects.settle({ ...one, ...more, perform: one.perform })
      await second.effects.settle({ ...other, ...more, perform: other.perform })
      expect([one.performed, other.performed]).toEqual([1, 1])
    }
    await Promise.all([first.close(), second.close()])
  })
})

describe("what goes wrong with the folder", () => {
  test("is enough for a run that asks nobody, with what was found out about the servers", async () => {
    const shared = temporaryFolder()
    const answer = asking("a")
    const ability = { ...asking("schemas?"), kind: "probe" as const }
    const unnamed = { ...asking("whose?"), kind: "probe" as const, anonymous: true }
    const first = await house(shared)
    for (const effect of [answer, ability, unnamed]) await first.effects.settle(effect)
    await first.close()

    const asks = await house(shared)
    expect((await asks.effects.settle(ability)).replayed).toBe(false)
    await asks.close()

    const offline = await house(shared, temporaryFolder(), { offline: true })
    for (const effect of [answer, ability])
      expect(await offline.effects.settle(effect)).toMatchObject({ replayed: true })
    await expect(offline.effects.settle(unnamed)).rejects.toMatchObject({ reason: "not-settled" })
    await offline.close()
  })

  test("a claimant that was killed: its claim is taken over", async () => {
    const shared = temporaryFolder()
    const effect = asking("a")
    const child = spawn(process.execPath, [join(import.meta.dirname, "shared-claimer.ts"), shared, effectKey(effect)], {
      stdio: ["ignore", "pipe", "inherit"],
    })
    onTestFinished(() => {
      child.kill("SIGKILL")
    })
    await once(child.stdout, "data")
    const run = await house(shared)
    const settling = run.effects.settle(effect)
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(effect.performed).toBe(0)
    child.kill("SIGKILL")
    await settling
    expect(effect.performed).toBe(1)
    expect(run.said).toEqual([])
    await run.close()
  })

  test("a wait for another's answer ends when the run is stopped", async () => {
    const shared = temporaryFolder()
    const [first, second] = [await house(shared), await house(shared)]
    const answer = Promise.withResolvers<string>()
    const paying = first.effects.settle(asking("a", () => answer.promise))
    const effect = asking("a")
    const waiting = expect(second.effects.settle(effect)).rejects.toThrow("stopping")
    await new Promise((resolve) => setTimeout(resolve, 300))
    await second.effects.drain(10)
    await waiting
    answer.resolve("late")
    await paying
    expect(effect.performed).toBe(0)
    await Promise.all([first.close(), second.close()])
  })

  test("a torn tail and a damaged record are asked again, what is whole is not", async () => {
    const shared = temporaryFolder()
    const first = await house(shared)
    for (const request of ["a", "b", "c"]) await first.effects.settle(asking(request))
    await first.close()
    const answers = join(shared, "answers")
    for (const name of readdirSync(answers)) if (name.endsWith(".idx")) rmSync(join(answers, name))
    const [log] = readdirSync(answers)
    const bytes = readFileSync(join(answers, log!))
    bytes[bytes.indexOf("answer to b")] = 0x41
    writeFileSync(join(answers, log!), bytes)
    appendFileSync(join(answers, log!), bytes.subarray(0, 40))
    const second = await house(shared)
    const effects = ["a", "b", "c"].map((request) => asking(request))
    for (const effect of effects)
      expect((await second.effects.settle(effect)).value).toBe(`answer to ${effect.request}`)
    expect(effects.map(({ performed }) => performed)).toEqual([0, 1, 0])
    await second.close()
    const third = asking("b")
    const after = await house(shared)
    await after.effects.settle(third)
    expect(third.performed).toBe(0)
    await after.close()
  })

  test("one that can only be read is read, and said", async ({ skip }) => {
    const shared = temporaryFolder()
    const first = await house(shared)
    await first.effects.settle(asking("a"))
    await first.close()
    try {
      execFileSync("mount", ["--bind", "-o", "ro", shared, shared], { stdio: "ignore" })
      execFileSync("mount", ["-o", "remount,bind,ro", shared], { stdio: "ignore" })
    } catch {
      return skip("this user cannot mount a folder read-only")
    }
    onTestFinished(() => {
      execFileSync("umount", ["-l", shared])
    })
    const second = await house(shared)
    expect(second.said).toEqual([expect.stringMatching(/can only be read \(EROFS\)/)])
    const [known, fresh] = [asking("a"), asking("b")]
    await second.effects.settle(known)
    await second.effects.settle(fresh)
    expect([known.performed, fresh.performed]).toEqual([0, 1])
    await second.close()
  })

  test("one that cannot be reached costs the sharing and nothing else", async () => {
    const file = join(temporaryFolder(), "file")
    writeFileSync(file, "mine")
    const run = await house(join(file, "ledger"))
    const effect = asking("a")
    await run.effects.settle(effect)
    expect(effect.performed).toBe(1)
    expect(run.said).toEqual([expect.stringContaining("goes on without it")])
    expect(readFileSync(file, "utf8")).toBe("mine")
    await run.close()
  })

  test("one that goes away while the run works: said once, and the run goes on", async () => {
    const shared = join(temporaryFolder(), "mount")
    const run = await house(shared)
    await run.effects.settle(asking("a"))
    renameSync(shared, `${shared}-away`)
    writeFileSync(shared, "")
    for (const request of ["b", "c"]) {
      const effect = asking(request)
      expect((await run.effects.settle(effect)).value).toBe(`answer to ${request}`)
      expect(effect.performed).toBe(1)
    }
    expect(run.said).toEqual([expect.stringMatching(/is lost \(ENOTDIR\)/)])
    expect((await run.effects.settle(asking("a"))).replayed).toBe(true)
    await run.close()
  })
})

test("claims are made for a key and no other", async () => {
  const shared = temporaryFolder()
  const [first, second] = await Promise.all([SharedLedger.open(shared, () => {}), SharedLedger.open(shared, () => {})])
  const [a, b] = ["a", "b"].map((request) => effectKey(asking(request)))
  const claims = [await first!.claim(a!, never), await second!.claim(b!, never)]
  for (const claim of claims) expect("release" in claim).toBe(true)
  const stop = new AbortController()
  const waiting = expect(second!.claim(a!, stop.signal)).rejects.toThrow("enough")
  stop.abort(new Error("enough"))
  await waiting
  await Promise.all([first!.close(), second!.close()])
})

describe("runs", () => {
  const sharing = (ledger: string) => ({ config: { seed: 1, ledger } as { seed: number } })

  test("two at once and one after them: each answer is paid once, all end alike, and alone they stay so", async () => {
    const shared = temporaryFolder()
    const outs = [temporaryFolder(), temporaryFolder(), temporaryFolder()]
    const slowly: Partial<Tiny> = {
      answer: async ({ text }) => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        return `answer to ${text}`
      },
    }
    const both = await Promise.all(outs.slice(0, 2).map((out) => runTiny(out, slowly, sharing(shared))))
    const third = await runTiny(outs[2]!, {}, sharing(shared))
    const kept = someTexts(20).filter((text) => text !== "" && text.length <= 30).length
    expect(both[0]!.calls + both[1]!.calls).toBe(kept)
    expect(third.calls).toBe(0)
    expect(await runTotals(outs[2]!, {})).toMatchObject({ calls: 0, reused: kept, tokens: { input: 0, output: 0 } })
    const alone = temporaryFolder()
    await runTiny(alone)
    for (const out of outs) expect(published(out)).toEqual(published(alone))
    rmSync(shared, { recursive: true })
    rmSync(join(outs[2]!, "stages"), { recursive: true })
    rmSync(join(outs[2]!, "manifest.json"))
    const again = await runTiny(outs[2]!)
    expect(again.calls).toBe(0)
    expect(published(outs[2]!)).toEqual(published(alone))
    expect((await readManifest(outs[2]!))?.rows.out).toBe(kept)
  })
})
