// A recipe with every kind of stage and step, on rows from memory; what it asks and sees is counted.
import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { z } from "zod"
import { rowReader } from "../../../pipelines/runtime/batch.ts"
import type { Effect } from "../../../pipelines/runtime/effect.ts"
import { RowError } from "../../../pipelines/runtime/errors.ts"
import { sha256 } from "../../../pipelines/runtime/fingerprint.ts"
import { defineRecipe, type Recipe } from "../../../pipelines/runtime/recipe.ts"
import { type RunOptions, run } from "../../../pipelines/runtime/run.ts"
import type { Imported, Stage } from "../../../pipelines/runtime/stage.ts"
import type { KernelStep, ProgramStep, Reason, Row, RowStep } from "../../../pipelines/runtime/step.ts"
import { int32, nullable, table, text } from "../../../schemas/columns.ts"
import type { Event } from "../../../schemas/event.ts"

const source = table("tiny", { id: text(), text: text() })
const answered = table("answered", { id: text(), text: text(), length: int32(), answer: text() })
const scored = table("scored", { ...answered.columns, score: nullable(int32()), total: int32() })

/** What a test changes about the recipe. */
export interface Tiny {
  rows: Imported[]
  rowsPerShard: number
  rowsInFlight: number
  failureLimit: number
  /** Parameter of the row step of `clean`: longer texts are dropped. */
  maximum: number
  /** Version of the row step of `clean`; its result does not depend on it. */
  cleanVersion: number
  /** Parameter of the row step of `score`. */
  factor: number
  /** Parameter of the row step of `finish`. */
  bonus: number
  /** The outside: called once for each effect that is not settled yet. */
  answer(row: { id: string; text: string }, signal: AbortSignal): Promise<unknown>
  /** Effects of one row. */
  asks: number
  /** An effect that fails is left out of the row instead of failing it. */
  tolerant: boolean
  /** Called with each row that reaches `score`. */
  scoring(row: Row): void
  ready?: () => Promise<void>
}

export const rowsOfTexts = (texts: readonly string[]): Imported[] =>
  texts.map((text, at) => ({ row: { id: `q${at}`, text } }))

/** Texts of different lengths, some empty, some too long. */
export const someTexts = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => (at % 7 === 3 ? "" : `question ${at} ${"x".repeat((at * 5) % 23)}`))

const hasText: KernelStep = {
  kind: "kernel",
  id: "has-text",
  version: 1,
  params: {},
  open: () => (batch) => {
    const read = rowReader(batch, ["text"])
    return Array.from({ length: batch.numRows }, (_, at): Reason | null =>
      read(at).text === "" ? { reason: "empty" } : null,
    )
  },
}

const shortEnough = (maximum: number, version: number): RowStep => ({
  kind: "row",
  id: "length",
  version,
  params: { maximum },
  adds: { length: int32() },
  run(row) {
    const { length } = row.text as string
    return length > maximum
      ? { reason: "too-long", measured: length, threshold: maximum }
      : { keep: [{ ...row, length }] }
  },
})

const answers = ({ answer, asks, tolerant }: Tiny): ProgramStep => ({
  kind: "program",
  id: "answer",
  version: 1,
  params: { asks },
  adds: { answer: text() },
  bound: [{ role: "drafter", calls: asks, inputTokens: 10, outputTokens: 20 }],
  async run(row, effects) {
    const given: string[] = []
    let incomplete = false
    for (let sample = 0; sample < asks; sample++) {
      const effect: Effect<unknown> = {
        kind: "chat",
        identity: "tiny-model",
        request: { text: row.text },
        sample,
        perform: async (signal) => ({
          value: await answer({ id: row.id as string, text: row.text as string }, signal),
          usage: { input: 10, output: 5 },
        }),
      }
      try {
        given.push(String((await effects.settle(effect)).value))
      } catch (error) {
        if (!tolerant || !(error instanceof RowError)) throw error
        incomplete = true
      }
    }
    return { keep: [{ ...row, answer: given.join("|") }], tally: { answers: given.length }, incomplete }
  },
})

const score = ({ factor, scoring }: Tiny): RowStep => ({
  kind: "row",
  id: "score",
  version: 1,
  params: { factor },
  adds: { score: nullable(int32()) },
  run(row) {
    scoring(row)
    return { keep: [{ ...row, score: (row.length as number) * factor }] }
  },
})

const addTotal = (bonus: number): RowStep => ({
  kind: "row",
  id: "total",
  version: 1,
  params: { bonus },
  adds: { total: int32() },
  run: (row, side) => ({ keep: [{ ...row, total: (side.get("sum")![0]!.sum as number) + bonus }] }),
})

function stagesOf(tiny: Tiny): Stage[] {
  const { rows, rowsPerShard, rowsInFlight, failureLimit, maximum, cleanVersion, bonus } = tiny
  return [
    {
      kind: "import",
      id: "source",
      version: 1,
      params: {},
      columns: source.columns,
      rowsPerShard,
      failureLimit,
      digests: async () => [
        {
          name: "memory",
          sha256: sha256(JSON.stringify(rows.map((row) => ("row" in row ? row.row : row.raw)))),
          bytes: rows.length,
          license: null,
          revision: null,
        },
      ],
      async *rows() {
        yield* rows
      },
    },
    { kind: "map", id: "clean", input: "source", failureLimit, steps: [hasText, shortEnough(maximum, cleanVersion)] },
    {
      kind: "map",
      id: "draft",
      input: "clean",
      failureLimit,
      rowsInFlight,
      steps: [answers(tiny)],
      ...(tiny.ready && { ready: tiny.ready }),
    },
    { kind: "map", id: "score", input: "draft", failureLimit, steps: [score(tiny)] },
    {
      kind: "reduce",
      id: "sum",
      version: 1,
      params: {},
      input: "score",
      of: "out",
      columns: { id: text(), sum: int32() },
      async run(rows) {
        let sum = 0
        for await (const row of rows) sum += row.score as number
        return [{ id: "sum", sum }]
      },
    },
    { kind: "map", id: "finish", input: "score", side: ["sum"], failureLimit, steps: [addTotal(bonus)] },
  ]
}

/** The recipe with a test's changes, and how often the outside was asked for each text. */
export function tinyRecipe(changes: Partial<Tiny> = {}): {
  recipe: Recipe<{ seed: number }>
  asked: Map<string, number>
  total(): number
} {
  const asked = new Map<string, number>()
  const tiny: Tiny = {
    rows: rowsOfTexts(someTexts(20)),
    rowsPerShard: 4,
    rowsInFlight: 8,
    failureLimit: 0.05,
    maximum: 30,
    cleanVersion: 1,
    factor: 2,
    bonus: 100,
    answer: async ({ text }) => `answer to ${text}`,
    asks: 1,
    tolerant: false,
    scoring: () => {},
    ...changes,
  }
  const { answer } = tiny
  tiny.answer = (row, signal) => {
    asked.set(row.text, (asked.get(row.text) ?? 0) + 1)
    return answer(row, signal)
  }
  const recipe = defineRecipe({
    name: "tiny",
    about: "All kinds of stages and steps",
    version: 1,
    config: z.strictObject({ seed: z.int() }),
    open: () => ({
      stages: stagesOf(tiny),
      path: ["source", "clean", "draft", "score", "finish"],
      exports: [
        { folder: "dataset", about: "all", table: scored, from: "finish", rows: (row) => [row] },
        {
          folder: "answers",
          about: "beside it",
          table: answered,
          from: "draft",
          rows: ({ id, text, length, answer }) => [{ id, text, length, answer }],
        },
      ],
      endpoints: [],
      close: async () => {},
    }),
  })
  return { recipe, asked, total: () => [...asked.values()].reduce((sum, count) => sum + count, 0) }
}

/** Runs the tiny recipe in a folder. */
export async function runTiny(
  out: string,
  changes: Partial<Tiny> = {},
  options: Partial<RunOptions<{ seed: number }>> = {},
) {
  const { recipe, asked, total } = tinyRecipe(changes)
  const events: Event[] = []
  const outcome = await run({
    recipe,
    config: { seed: 1 },
    out,
    graceMs: 1_000,
    onEvent: (event) => events.push(event),
    ...options,
  }).then(
    (result) => ({ result, error: null }),
    (error: unknown) => ({ result: null, error }),
  )
  return { ...outcome, events, asked, calls: total() }
}

/** Which tasks were done, by stage, and why. */
export const workIn = (events: readonly Event[]): Record<string, string[]> => {
  const done: Record<string, string[]> = {}
  for (const event of events)
    if (event.event === "task.started") {
      done[event.stage] ??= []
      done[event.stage]?.push(`${event.index}: ${event.why}`)
    }
  return done
}

/** Digests of everything that a run publishes, by path. */
export function published(run: string): Record<string, string> {
  const files = readdirSync(run, { recursive: true }) as string[]
  const kept = files.filter(
    (path) =>
      path === "manifest.json" || (/^(dataset|answers|dropped|failed)\//.test(path) && path.endsWith(".parquet")),
  )
  return Object.fromEntries(
    kept.sort().map((path) => [
      path,
      createHash("sha256")
        .update(readFileSync(join(run, path)))
        .digest("hex"),
    ]),
  )
}
