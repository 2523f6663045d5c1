import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { readCommits } from "../../../pipelines/runtime/commit.ts"
import { CotyledonError, exitCode, RowError, stopError } from "../../../pipelines/runtime/errors.ts"
import { readEvents } from "../../../pipelines/runtime/events.ts"
import { Lock } from "../../../pipelines/runtime/lock.ts"
import { rowsIn } from "../../../pipelines/runtime/reduce-task.ts"
import { complaintOf } from "../complaint.ts"
import { temporaryFolder } from "./folder.ts"
import { published, rowsOfTexts, runTiny, someTexts, workIn } from "./tiny-recipe.ts"

const rowsAt = async (run: string, folder: string) => {
  const names = readdirSync(join(run, folder)).filter((name) => name.endsWith(".parquet"))
  const shards = names.sort().map((name) => ({ path: `${folder}/${name}`, rows: 0, bytes: 0, sha256: "" }))
  return Array.fromAsync(rowsIn(run, shards))
}

const filesOf = (run: string, stage: string) => readdirSync(join(run, "stages", stage)).sort()

const poisoned = (...texts: string[]) => ({
  answer: async ({ text }: { text: string }) => {
    if (texts.includes(text)) throw new RowError("poisoned", `cannot answer ${text}`)
    return `answer to ${text}`
  },
})

describe("a run", () => {
  test("ends with its datasets, the drops and the manifest, whose counts add up", async () => {
    const out = temporaryFolder()
    const { result, calls, events } = await runTiny(out)
    const texts = someTexts(20)
    const kept = texts.filter((text) => text !== "" && text.length <= 30)
    const rows = await rowsAt(out, "dataset")
    expect(rows.map(({ text }) => text)).toEqual(kept)
    expect(rows[0]).toMatchObject({ id: "q0", answer: `answer to ${kept[0]}`, score: 2 * kept[0]!.length })
    const sum = kept.reduce((total, { length }) => total + 2 * length, 0)
    expect(new Set(rows.map(({ total }) => total))).toEqual(new Set([sum + 100]))
    expect(calls).toBe(kept.length)
    const { manifest } = result!
    const empty = texts.filter((text) => text === "").length
    expect(manifest.rows).toEqual({ in: 20, out: kept.length, dropped: 20 - kept.length, failed: 0 })
    expect(manifest.drops).toEqual({ "has-text": { empty }, length: { "too-long": 20 - kept.length - empty } })
    expect(manifest.tallies).toEqual({ draft: { answers: kept.length } })
    const dropped = await rowsAt(out, "dropped")
    expect(dropped).toHaveLength(20 - kept.length)
    expect(dropped.find(({ reason }) => reason === "too-long")).toMatchObject({ step: "length", threshold: 30 })
    expect(JSON.parse(dropped[0]!.row as string)).toEqual({
      id: dropped[0]!.id,
      text: texts[Number((dropped[0]!.id as string).slice(1))],
    })
    expect(await rowsAt(out, "failed")).toEqual([])
    expect(await readEvents(join(out, "events"))).toEqual(events)
    expect(statSync(out).mode & 0o777).toBe(0o700)
  })

  test("two in different folders with different limits on rows in flight are byte-identical", async () => {
    const runs = [1, 3, 100].map((rowsInFlight) => ({ out: temporaryFolder(), rowsInFlight }))
    for (const { out, rowsInFlight } of runs)
      await runTiny(out, {
        rowsInFlight,
        // Answers come in another order every time.
        answer: async ({ text }) => {
          for (let turns = (text.length * rowsInFlight) % 5; turns > 0; turns--) await new Promise(setImmediate)
          return `answer to ${text}`
        },
      })
    const [first, ...others] = runs.map(({ out }) => published(out))
    expect(Object.keys(first!)).toEqual([
      "answers/part-00000.parquet",
      "dataset/part-00000.parquet",
      "dropped/part-00000.parquet",
      "failed/part-00000.parquet",
      "manifest.json",
    ])
    for (const other of others) expect(other).toEqual(first)
    const manifest = readFileSync(join(runs[0]!.out, "manifest.json"), "utf8")
    for (const { out } of runs) expect(manifest).not.toContain(out)
    expect(manifest).not.toMatch(/\d{4}-\d\d-\d\d/)
  })

  test("a second time has nothing to do and changes nothing", async () => {
    const out = temporaryFolder()
    await runTiny(out)
    const before = published(out)
    const times = readdirSync(join(out, "dataset")).map((name) => statSync(join(out, "dataset", name)).mtimeMs)
    const { result, calls, events } = await runTiny(out)
    expect(result!.reused).toBe(true)
    expect(calls).toBe(0)
    expect(workIn(events)).toEqual({})
    expect(published(out)).toEqual(before)
    expect(readdirSync(join(out, "dataset")).map((name) => statSync(join(out, "dataset", name)).mtimeMs)).toEqual(times)
  })

  test("no rows left over anywhere is a dataset without rows, not an error", async () => {
    const out = temporaryFolder()
    const { result } = await runTiny(out, { maximum: 0 })
    expect(result!.manifest.rows).toEqual({ in: 20, out: 0, dropped: 20, failed: 0 })
    expect(await rowsAt(out, "dataset")).toEqual([])
  })

  test("a pilot reads the first rows only; the whole then asks only for the others", async () => {
    const out = temporaryFolder()
    const pilot = await runTiny(out, {}, { limit: 8 })
    expect(pilot.result!.manifest.rows.in).toBe(8)
    expect(pilot.result!.manifest.lineage.limit).toBe(8)
    const whole = await runTiny(out)
    const undisturbed = temporaryFolder()
    const { calls } = await runTiny(undisturbed)
    expect(pilot.calls + whole.calls).toBe(calls)
    expect(published(out)).toEqual(published(undisturbed))
  })

  test("a limit of no rows is refused before anything starts", async () => {
    const out = temporaryFolder()
    const { error, calls } = await runTiny(out, {}, { limit: 0 })
    expect(error).toMatchObject({ exit: exitCode.usage })
    expect(calls).toBe(0)
  })
})

describe("what is reused", () => {
  test("a late parameter recomputes its stage and what depends on it, and says why", async () => {
    const out = temporaryFolder()
    await runTiny(out)
    const { calls, events, result } = await runTiny(out, { bonus: 7 })
    expect(calls).toBe(0)
    const why = "step total: bonus 100 -> 7"
    expect(workIn(events)).toEqual({ finish: [0, 1, 2, 3, 4].map((index) => `${index}: ${why}`) })
    expect(result!.reused).toBe(false)
    const fresh = temporaryFolder()
    await runTiny(fresh, { bonus: 7 })
    expect(published(out)).toEqual(published(fresh))
  })

  test("a parameter in the middle recomputes from there; what was settled is not asked again", async () => {
    const out = temporaryFolder()
    await runTiny(out)
    const { calls, events } = await runTiny(out, { factor: 3 })
    expect(calls).toBe(0)
    expect(Object.keys(workIn(events)).sort()).toEqual(["finish", "score", "sum"])
    const fresh = temporaryFolder()
    await runTiny(fresh, { factor: 3 })
    expect(published(out)).toEqual(published(fresh))
  })

  test("an early filter that lets more rows through asks for those alone", async () => {
    const out = temporaryFolder()
    const first = await runTiny(out, { maximum: 25 })
    const { calls, asked } = await runTiny(out, { maximum: 30 })
    const added = someTexts(20).filter(({ length }) => length > 25 && length <= 30)
    expect([...asked.keys()].sort()).toEqual([...added].sort())
    expect(first.calls + calls).toBe(someTexts(20).filter((text) => text !== "" && text.length <= 30).length)
  })

  test("a stage that is done again with the same result is the end of it", async () => {
    const out = temporaryFolder()
    await runTiny(out)
    const before = published(out)
    const { events } = await runTiny(out, { cleanVersion: 2 })
    expect(workIn(events)).toEqual({
      clean: [0, 1, 2, 3, 4].map((index) => `${index}: step length is version 2, was 1`),
    })
    const after = published(out)
    expect({ ...after, "manifest.json": "" }).toEqual({ ...before, "manifest.json": "" })
  })

  test("one changed source row recomputes its shard, and what needs the whole", async () => {
    const out = temporaryFolder()
    const texts = someTexts(20)
    await runTiny(out)
    // Of the same length, so that the sum over all rows stays.
    const changed = texts.map((text, at) => (at === 8 ? text.replace("question", "querying") : text))
    const { calls, events } = await runTiny(out, { rows: rowsOfTexts(changed) })
    expect(calls).toBe(1)
    expect(workIn(events)).toEqual({
      source: ["0: its input changed"],
      clean: ["2: its input changed"],
      draft: ["2: its input changed"],
      score: ["2: its input changed"],
      sum: ["0: its input changed"],
      finish: ["2: its input changed"],
    })
  })

  test("fewer source rows: stale commits and shards go", async () => {
    const out = temporaryFolder()
    await runTiny(out)
    expect(filesOf(out, "draft").filter((name) => name.endsWith(".json"))).toHaveLength(5)
    await runTiny(out, { rows: rowsOfTexts(someTexts(8)) })
    const fresh = temporaryFolder()
    await runTiny(fresh, { rows: rowsOfTexts(someTexts(8)) })
    for (const stage of ["source", "clean", "draft", "score", "sum", "finish"])
      expect(filesOf(out, stage)).toEqual(filesOf(fresh, stage))
    expect(published(out)).toEqual(published(fresh))
  })

  test("a shard that was lost or cut is made again without asking", async () => {
    const out = temporaryFolder()
    await runTiny(out)
    const before = published(out)
    const [cut, gone] = filesOf(out, "draft").filter((name) => name.endsWith(".parquet"))
    writeFileSync(join(out, "stages/draft", cut!), "")
    writeFileSync(join(out, "stages/draft", gone!), readFileSync(join(out, "stages/draft", gone!)).subarray(1))
    writeFileSync(join(out, "dataset/part-00000.parquet"), "cut")
    const { calls } = await runTiny(out)
    expect(calls).toBe(0)
    expect(published(out)).toEqual(before)
  })
})

describe("rows in flight", () => {
  test("that finish in any order are written in row order", async () => {
    const out = temporaryFolder()
    const waiting: (() => void)[] = []
    const { result } = await runTiny(out, {
      rowsPerShard: 20,
      rowsInFlight: 20,
      maximum: 1_000,
      // The last to be asked is the first to be answered.
      answer: ({ text }) =>
        new Promise((resolve) => {
          waiting.push(() => resolve(`answer to ${text}`))
          if (waiting.length === someTexts(20).filter((text) => text !== "").length)
            for (const go of waiting.reverse()) go()
        }),
    })
    expect(result).not.toBeNull()
    const ids = (await rowsAt(out, "dataset")).map(({ id }) => Number((id as string).slice(1)))
    expect(ids).toEqual([...ids].sort((a, b) => a - b))
    expect(ids).toHaveLength(waiting.length)
  })

  test("a slow row holds up neither the next shard nor the next stage", async () => {
    const others = Promise.withResolvers<void>()
    const scored = new Set<unknown>()
    const { result } = await runTiny(temporaryFolder(), {
      rows: rowsOfTexts(someTexts(20).map((text, at) => text || `not empty ${at}`)),
      maximum: 1_000,
      // The first row is answered only when all rows of the other shards have been scored.
      answer: async ({ id, text }) => {
        if (id === "q0") await others.promise
        return `answer to ${text}`
      },
      scoring: ({ id }) => {
        scored.add(id)
        if (scored.size === 16) others.resolve()
      },
    })
    expect(result!.manifest.rows.out).toBe(20)
  })

  test("are as many as allowed and no more, and start only when the endpoint is ready", async () => {
    let now = 0
    let most = 0
    let ready = 0
    const { result, calls } = await runTiny(temporaryFolder(), {
      rowsInFlight: 3,
      answer: async () => {
        most = Math.max(most, ++now)
        await new Promise(setImmediate)
        now--
        return "answer"
      },
      ready: async () => {
        ready++
      },
    })
    expect(result).not.toBeNull()
    expect(most).toBe(3)
    expect(ready).toBe(calls)
  })
})

describe("rows that fail", () => {
  test("end in failed/ with the reason, and the run goes on", async () => {
    const out = temporaryFolder()
    const texts = someTexts(20)
    const { result, events } = await runTiny(out, { ...poisoned(texts[5]!, texts[6]!), failureLimit: 0.5 })
    expect(result!.manifest.rows.failed).toBe(2)
    const { rows } = result!.manifest
    expect(rows.in).toBe(rows.out + rows.dropped + rows.failed)
    const failed = await rowsAt(out, "failed")
    expect(failed.map(({ id, step, reason, retryable }) => [id, step, reason, retryable])).toEqual([
      ["q5", "answer", "poisoned", false],
      ["q6", "answer", "poisoned", false],
    ])
    expect(JSON.parse(failed[0]!.row as string)).toMatchObject({ id: "q5", text: texts[5] })
    expect(events.filter(({ event }) => event === "row.failed")).toHaveLength(2)
    // They are decided: a rerun does not ask again.
    expect((await runTiny(out, { ...poisoned(), failureLimit: 0.5 })).calls).toBe(0)
  })

  test("through no fault of their own are tried again by a rerun, and only they", async () => {
    const out = temporaryFolder()
    const cut = async ({ id, text }: { id: string; text: string }) => {
      if (id === "q5") throw new RowError("cut", "the connection was cut", { retryable: true })
      return `answer to ${text}`
    }
    const first = await runTiny(out, { answer: cut, failureLimit: 0.5 })
    expect(first.result!.manifest.rows.failed).toBe(1)
    const again = await runTiny(out, { failureLimit: 0.5 })
    expect(workIn(again.events).draft).toEqual(["1: 1 rows with failed effects are tried again"])
    expect([...again.asked.keys()]).toEqual([someTexts(20)[5]])
    const fresh = temporaryFolder()
    await runTiny(fresh, { failureLimit: 0.5 })
    expect(published(out)).toEqual(published(fresh))
  })

  test("lacking a part of what they asked for are kept, and completed by a rerun", async () => {
    const out = temporaryFolder()
    let calls = 0
    const flaky = async () => {
      if (++calls % 4 === 0) throw new RowError("cut", "cut", { retryable: true })
      return "answer"
    }
    const first = await runTiny(out, { answer: flaky, asks: 3, tolerant: true, rowsInFlight: 1 })
    expect(first.result!.manifest.rows.failed).toBe(0)
    const again = await runTiny(out, { answer: async () => "answer", asks: 3, tolerant: true })
    expect(again.calls).toBe(Math.floor(first.calls / 4))
    expect((await rowsAt(out, "dataset")).every(({ answer }) => answer === "answer|answer|answer")).toBe(true)
  })

  test("above the limit stop the run; what is done stays, and a rerun asks only for what is left", async () => {
    const out = temporaryFolder()
    const texts = Array.from({ length: 400 }, (_, at) => `question ${at}`)
    const bad = texts.slice(120, 160)
    const changes = { rows: rowsOfTexts(texts), rowsPerShard: 20 }
    const { error, events, calls } = await runTiny(out, { ...changes, ...poisoned(...bad) })
    expect(error).toBeInstanceOf(CotyledonError)
    expect((error as CotyledonError).exit).toBe(exitCode.stopped)
    expect((error as CotyledonError).message).toMatch(
      /^Too many rows failed in stage draft\nexpected at most 5\.0% of \d+ rows, got \d+: poisoned \d+; the first: cannot answer question \d+\n/,
    )
    expect(calls).toBeLessThan(170)
    expect(events.at(-1)).toMatchObject({ event: "run.stopped", exit: 1 })
    expect((await readCommits(out, "draft")).length).toBeGreaterThanOrEqual(5)
    const failed = await rowsAt(out, "failed")
    expect(failed.length).toBeGreaterThan(5)
    expect(failed.every(({ reason }) => reason === "poisoned")).toBe(true)
    const again = await runTiny(out, { ...changes })
    const settled = calls - events.filter(({ event }) => event === "row.failed").length
    expect(again.result!.manifest.rows.out).toBe(400 - again.result!.manifest.rows.failed)
    expect(again.calls).toBe(400 - settled - again.result!.manifest.rows.failed)
  })

  test("because a step gave what its column cannot hold count against the limit too", async () => {
    const out = temporaryFolder()
    const { error } = await runTiny(out, { factor: 0.3 })
    expect((error as Error).message).toMatch(/^Too many rows failed in stage score\n/)
  })

  test("in the import count as source rows", async () => {
    const out = temporaryFolder()
    const rows = rowsOfTexts(someTexts(20))
    rows[4] = { error: new RowError("bad-row", "memory, line 5: no JSON"), id: "memory:5", raw: "{" }
    rows[6] = { row: { id: "q0", text: someTexts(20)[0] } }
    rows[7] = { row: { id: "q1", text: "another text under a known id" } }
    const { result } = await runTiny(out, { rows, failureLimit: 0.5 })
    expect(result!.manifest.rows).toMatchObject({ in: 20, failed: 2 })
    expect(result!.manifest.drops.source).toEqual({ "duplicate-id": 1 })
    expect((await rowsAt(out, "failed")).map(({ id, reason }) => [id, reason])).toEqual([
      ["memory:5", "bad-row"],
      ["q1", "duplicate-id"],
    ])
  })
})

describe("a run that stops", () => {
  test("keeps every settled effect: each is performed exactly once", async () => {
    const out = temporaryFolder()
    const undisturbed = temporaryFolder()
    const { asked } = await runTiny(undisturbed)
    const performed = new Map<string, number>()
    // The run is stopped again and again, a little later each time.
    for (let allowed = 2; ; allowed += 3) {
      let left = allowed
      const { result } = await runTiny(out, {
        rowsInFlight: 3,
        answer: async ({ text }) => {
          if (left-- <= 0) throw stopError({ what: "The budget is spent" })
          performed.set(text, (performed.get(text) ?? 0) + 1)
          return `answer to ${text}`
        },
      })
      if (result) break
    }
    expect(performed).toEqual(asked)
    expect(published(out)).toEqual(published(undisturbed))
  })

  test("by a signal lets calls in flight settle, starts no new ones, and says that it was interrupted", async () => {
    const out = temporaryFolder()
    const stop = new AbortController()
    const interrupted = new CotyledonError(exitCode.interrupted, { what: "Interrupted by SIGINT" })
    let settledLate = 0
    const first = await runTiny(
      out,
      {
        rowsInFlight: 4,
        answer: async ({ text }) => {
          stop.abort(interrupted)
          await new Promise(setImmediate)
          settledLate++
          return `answer to ${text}`
        },
      },
      { signal: stop.signal, graceMs: 60_000 },
    )
    expect(first.error).toBe(interrupted)
    expect(first.calls).toBeLessThanOrEqual(4)
    expect(settledLate).toBe(first.calls)
    expect(first.events.at(-1)).toMatchObject({ event: "run.stopped", exit: 130 })
    const again = await runTiny(out)
    const undisturbed = temporaryFolder()
    const { calls } = await runTiny(undisturbed)
    expect(first.calls + again.calls).toBe(calls)
    expect(published(out)).toEqual(published(undisturbed))
  })

  test("aborts what does not settle in time", async () => {
    const stop = new AbortController()
    const reason = new CotyledonError(exitCode.interrupted, { what: "Interrupted" })
    const { error } = await runTiny(
      temporaryFolder(),
      {
        answer: (_, signal) => {
          setImmediate(() => stop.abort(reason))
          return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
        },
      },
      { signal: stop.signal, graceMs: 1 },
    )
    expect(error).toBe(reason)
  })

  test("leaves behind what never settles, and goes on later", { timeout: 60_000 }, async () => {
    const out = temporaryFolder()
    const stop = new AbortController()
    const reason = new CotyledonError(exitCode.interrupted, { what: "Interrupted" })
    const first = await runTiny(
      out,
      {
        answer: async ({ id, text }) => {
          setImmediate(() => stop.abort(reason))
          return id === "q1" ? new Promise<string>(() => {}) : `answer to ${text}`
        },
      },
      { signal: stop.signal, graceMs: 1 },
    )
    expect(first.error).toBe(reason)
    const again = await runTiny(out)
    expect(again.error).toBe(null)
    const undisturbed = temporaryFolder()
    await runTiny(undisturbed)
    expect(published(out)).toEqual(published(undisturbed))
  })

  test("does not wait for an endpoint that never gets ready", async () => {
    const stop = new AbortController()
    const reason = new CotyledonError(exitCode.interrupted, { what: "Interrupted" })
    const { error } = await runTiny(
      temporaryFolder(),
      {
        ready: () => {
          stop.abort(reason)
          return new Promise(() => {})
        },
      },
      { signal: stop.signal, graceMs: 1 },
    )
    expect(error).toBe(reason)
  })

  test("before it began does nothing", async () => {
    const reason = new CotyledonError(exitCode.interrupted, { what: "Interrupted" })
    const { error, calls } = await runTiny(temporaryFolder(), {}, { signal: AbortSignal.abort(reason) })
    expect(error).toBe(reason)
    expect(calls).toBe(0)
  })

  test("for an error in one shard starts no new row in the others", async () => {
    let asked = 0
    let first = false
    let askedBefore = 0
    const refused = Promise.withResolvers<never>()
    const { error, calls } = await runTiny(temporaryFolder(), {
      rows: rowsOfTexts(Array.from({ length: 400 }, (_, at) => `question ${at}`)),
      rowsPerShard: 100,
      rowsInFlight: 8,
      // The first row's error comes when its shard's other rows are done and the next shard is well under way.
      answer: async ({ id, text }) => {
        asked++
        first ||= id === "q0"
        // Shards start in no certain order: the first row may be asked late.
        if (first && asked >= 120 && askedBefore === 0) {
          askedBefore = asked
          refused.reject(stopError({ what: "The key was refused" }))
        }
        if (id === "q0") await refused.promise
        await new Promise(setImmediate)
        return `answer to ${text}`
      },
    })
    expect((error as Error).message).toBe("The key was refused")
    expect(askedBefore).toBeGreaterThanOrEqual(120)
    expect(calls).toBeLessThanOrEqual(askedBefore + 20)
  })

  test("leaves no file of its own behind", async () => {
    const out = temporaryFolder()
    await runTiny(out, {
      answer: async () => {
        throw stopError({ what: "The key was refused" })
      },
    })
    const names = readdirSync(out, { recursive: true }) as string[]
    expect(names.filter((name) => name.endsWith(".tmp"))).toEqual([])
  })
})

describe("finish", () => {
  test("makes a dataset of what is settled and asks for nothing; the whole can still be made", async () => {
    const out = temporaryFolder()
    let left = 5
    await runTiny(out, {
      rowsInFlight: 1,
      answer: async ({ text }) => {
        if (left-- <= 0) throw stopError({ what: "The budget is spent" })
        return `answer to ${text}`
      },
    })
    const finished = await runTiny(out, {}, { finish: true })
    expect(finished.calls).toBe(0)
    expect(finished.result!.manifest.rows.out).toBe(5)
    expect(finished.result!.manifest.lineage.finished_early).toBe(true)
    const failed = await rowsAt(out, "failed")
    expect(new Set(failed.map(({ reason }) => reason))).toEqual(new Set(["not-settled"]))
    expect((await runTiny(out, {}, { finish: true })).result!.reused).toBe(true)
    const whole = await runTiny(out)
    const undisturbed = temporaryFolder()
    const { calls } = await runTiny(undisturbed)
    expect(whole.calls).toBe(calls - 5)
    expect(published(out)).toEqual(published(undisturbed))
  })
})

describe("the folder", () => {
  test("of another recipe, another version or something else is refused before anything is written", async () => {
    const other = temporaryFolder()
    writeFileSync(join(other, "thesis.txt"), "")
    expect((await runTiny(other)).error).toMatchObject({ exit: exitCode.usage })
    expect(readdirSync(other)).toEqual(["thesis.txt"])

    const out = temporaryFolder()
    await runTiny(out)
    const second = runTiny(out, {}, { recipeReference: "cold-start" }).then(({ error }) => Promise.reject(error))
    expect(await complaintOf(second)).toBe(
      [
        "exit 2",
        "The folder holds a run of another recipe",
        out,
        "cold-start",
        "tiny",
        "Take another --out folder.",
      ].join("\n"),
    )
    writeFileSync(join(out, "run.json"), '{"format":2}')
    expect((await runTiny(out)).error).toMatchObject({ exit: exitCode.usage })
    writeFileSync(join(out, "run.json"), "{")
    expect((await runTiny(out)).error).toMatchObject({ exit: exitCode.usage })
  })

  test("of a run that was killed before its record stood can be gone on with", async () => {
    const out = temporaryFolder()
    mkdirSync(join(out, "locks", "coordinator"), { recursive: true })
    writeFileSync(join(out, "run.json.abc-123456.tmp"), '{"form')
    expect((await runTiny(out)).result).not.toBeNull()
    expect(readdirSync(out).filter((name) => name.endsWith(".tmp"))).toEqual([])
  })

  test("that another process holds is refused with exit code 3, and left alone", async () => {
    const out = temporaryFolder()
    await runTiny(out)
    const before = published(out)
    const lock = (await Lock.take(join(out, "locks", "coordinator"))) as Lock
    const { error } = await runTiny(out, { bonus: 9 })
    expect(error).toMatchObject({ exit: exitCode.held })
    expect((error as Error).message).toContain(`process ${process.pid}`)
    expect(published(out)).toEqual(before)
    await lock.release()
    expect((await runTiny(out)).result!.reused).toBe(true)
  })

  test("what a killed process was writing is removed", async () => {
    const out = temporaryFolder()
    await runTiny(out)
    for (const path of [
      "stages/draft/00000-x.parquet.1-a.tmp",
      "dataset/part-00000.parquet.1-a.tmp",
      "ledger/000001.idx.1-a.tmp",
    ])
      writeFileSync(join(out, path), "half")
    await runTiny(out)
    expect((readdirSync(out, { recursive: true }) as string[]).filter((name) => name.endsWith(".tmp"))).toEqual([])
  })

  test("holds no API key or other environment", async () => {
    const out = temporaryFolder()
    process.env.TINY_SECRET = "sk-0123456789"
    await runTiny(out)
    delete process.env.TINY_SECRET
    for (const name of readdirSync(out, { recursive: true, withFileTypes: true }))
      if (name.isFile()) expect(readFileSync(join(name.parentPath, name.name)).includes("sk-0123456789")).toBe(false)
  })
})

describe("a broken recipe or source", () => {
  test("without rows stops with a clear error", async () => {
    const { error } = await runTiny(temporaryFolder(), { rows: [] })
    expect((error as Error).message).toBe("The sources have no rows (stage source)\nCheck the paths.")
  })

  test("rows of a source may hold what JSON cannot say", async () => {
    const rows = [{ row: { id: "a", text: Number.NaN as never } }, { row: { id: "b", text: "fine" } }]
    const { result, error } = await runTiny(temporaryFolder(), { rows, failureLimit: 0.5 })
    expect(error).toBeNull()
    expect(result!.manifest.rows).toEqual({ in: 2, out: 1, dropped: 0, failed: 1 })
  })
})
