import { describe, expect, test } from "vitest"
import type { Happening } from "../../../schemas/event.ts"
import { cells, type Line, lineText } from "../../../ui/live/cells.ts"
import { hearEvent, newProgress, type RunProgress } from "../../../ui/live/run-progress.ts"
import { type ScreenOptions, screenLines, screenText } from "../../../ui/live/screens.ts"
import { newView, type Screen } from "../../../ui/live/view-state.ts"
import { at, done, progress, started } from "./happenings.ts"

const stages = [
  "questions",
  "filter-questions",
  "reserve",
  "draft",
  "filter-responses",
  "judge-responses",
  "selection",
  "select",
]

function running(more: Happening[] = []): RunProgress {
  const run = newProgress()
  const all: Happening[] = [
    started,
    ...stages.map(
      (stage, at): Happening => ({
        event: "stage.planned",
        stage,
        tasks: null,
        // The reserve is made beside the path.
        ...(at > 0 && { input: stage === "draft" ? "filter-questions" : stages[at - 1]! }),
      }),
    ),
    done("questions", 5_000, 5_000),
    { event: "stage.done", stage: "questions", tasks: 1, reused: 0 },
    done("filter-questions", 2_000, 1_700, {
      "judged-criterion": { "no-answer": 200, multiple: 60 },
      length: { long: 40 },
    }),
    { event: "task.started", stage: "draft", index: 0, rows: 10, why: "not done yet" },
    progress({ draft: 120 }, 900, 40_000),
    { event: "endpoint", role: "drafter", state: "paused", message: "429; next try in 2.0 s" },
    ...more,
  ]
  for (const [second, happening] of all.entries()) hearEvent(run, at(second, happening))
  return run
}

const screen = (options: Partial<ScreenOptions> = {}): Line[] =>
  screenLines({
    progress: running(),
    facts: { run: "runs/cold-start", budget: { usd: 10, tokens: 5_000_000 }, settledUsd: 1.5, pauseAsked: false },
    view: newView(),
    looked: { page: null, text: null, notice: "" },
    size: { columns: 80, rows: 23 },
    nowMs: 70_000,
    keys: true,
    ...options,
  })
const text = (options: Partial<ScreenOptions> = {}): string => screenText(screen(options))

describe("the overview", () => {
  test("at 80x24 has stages, endpoints, money, drops and what was said", () => {
    const shown = text()
    expect(shown.split("\n").length).toBeLessThanOrEqual(23)
    expect(shown).toMatch(/^cold|^tiny runs\/cold-start +running 1m10s/)
    expect(shown).toMatch(/^> questions +5,000\/5,000 +done +5,000$/m)
    expect(shown).toMatch(/^ {2}filter-questions +2,000\/5,000 +\S+ +1,700 +300$/m)
    expect(shown).toMatch(/^ {2}draft +120\/~4,250 /m)
    expect(shown).toMatch(/^ {2}select +waiting$/m)
    expect(shown).toMatch(/^ {2}drafter +12 of 64 +3 +900 +\S+ +\$0\.4000$/m)
    expect(shown).toMatch(/\$1\.90 of \$10\.00 \(19\.0%\), 1,140,000 of 5,000,000 tokens \(22\.8%\)/)
    expect(shown).toMatch(/dropped 300 rows of 5,000, by reason/)
    expect(shown).toMatch(/judged-criterion: no-answer +200 +4\.0% +#+/)
    expect(shown).toMatch(/q leave {2}\? help$/)
  })

  test("says what pauses an endpoint or the run", () => {
    const paused = progress({}, 900, 40_000) as Extract<Happening, { event: "progress" }>
    paused.endpoints.drafter!.paused = "429 Too Many Requests"
    expect(text({ progress: running([paused]) })).toMatch(/^ {4}paused: 429 Too Many Requests$/m)
    const asked = { run: "r", budget: {}, settledUsd: null, pauseAsked: true }
    expect(text({ facts: asked })).toMatch(/pausing 1m10s/)
    const held = running([{ event: "paused", paused: true }])
    expect(text({ facts: asked, progress: held })).toMatch(/paused 1m10s/)
  })

  test("a stopped run says why; the state that stays behind has no keys", () => {
    const stopped = running([
      { event: "run.stopped", exit: 1, reason: "The disk is full (x)\ngot ENOSPC\nFree space." },
    ])
    const shown = text({ progress: stopped, keys: false })
    expect(shown).toMatch(/stopped after/)
    expect(shown).toMatch(/^ {2}draft +120\/~4,250 +stopped /m)
    expect(shown).toMatch(/^ {2}got ENOSPC$/m)
    expect(shown).not.toMatch(/q leave/)
    expect(shown).not.toMatch(/^>/m)
  })

  test("fits any size, and below 60x15 says less, down to one line", () => {
    for (const columns of [1, 2, 5, 10, 20, 40, 59, 60, 79, 80, 100, 139, 140, 200, 400])
      for (const rows of [1, 2, 3, 5, 8, 12, 14, 15, 16, 20, 23, 40, 59, 100])
        for (const name of ["overview", "stage", "row", "exchange", "help"] as Screen[]) {
          const lines = screen({ size: { columns, rows }, view: { ...newView(), screen: name, chosen: 7 } })
          expect(lines.length).toBeLessThanOrEqual(rows)
          expect(lines.length).toBeGreaterThan(0)
          for (const line of lines) expect(cells(lineText(line))).toBeLessThanOrEqual(columns)
        }
    expect(text({ size: { columns: 10, rows: 2 } })).toBe("running 1m\ndraft 120/")
    expect(text({ size: { columns: 40, rows: 1 } })).toBe("running 1m10s draft 120/~4,250")
  })

  test("at 200x60 drops stand beside stages", () => {
    expect(text({ size: { columns: 200, rows: 59 } })).toMatch(/stage +rows .* dropped 300 rows of 5,000, by reason/)
  })

  test("the chosen stage stays in sight where there is no room for all", () => {
    const many = newProgress()
    hearEvent(many, at(0, started))
    for (let stage = 0; stage < 60; stage++)
      hearEvent(many, at(0, { event: "stage.planned", stage: `s${stage}`, tasks: null }))
    for (const chosen of [0, 30, 59])
      expect(text({ progress: many, view: { ...newView(), chosen } })).toMatch(new RegExp(`^> s${chosen} `, "m"))
  })

  test("nothing that comes from outside steers the terminal", () => {
    const hostile = "\u001b]0;x\u0007\u001b[2J\u202e\u200b\r\nq"
    const run = running([
      { event: "warning", message: hostile },
      { event: "row.failed", stage: "draft", id: hostile, step: hostile, reason: hostile, message: hostile },
      { event: "endpoint", role: hostile, state: "paused", message: hostile },
      { event: "stage.planned", stage: hostile, tasks: null },
      done("draft", 5, 4, { [hostile]: { [hostile]: 1 } }),
    ])
    for (const size of [
      { columns: 200, rows: 59 },
      { columns: 80, rows: 40 },
      { columns: 30, rows: 10 },
    ])
      for (const name of ["overview", "stage", "row"] as Screen[])
        for (const chosen of [3, 8]) {
          const row = { id: hostile, step: hostile, reason: hostile, detail: hostile }
          const page = {
            stage: run.status.stages[chosen]!.stage,
            fate: "dropped" as const,
            from: 0,
            rows: [row],
            total: 1,
          }
          const looked = { page, text: { title: hostile, body: hostile }, notice: hostile }
          const lines = screen({ progress: run, size, looked, view: { ...newView(), screen: name, chosen } })
          for (const line of lines) expect(lineText(line)).toMatch(/^[ -~]*$/)
        }
  })
})

describe("other screens", () => {
  test("a stage: its drops by reason and a page of its rows, the chosen one marked", () => {
    const rows = Array.from({ length: 5 }, (_, at) => ({
      id: `q${at}`,
      step: "length",
      reason: "long",
      detail: "9 against 5",
    }))
    const page = { stage: "filter-questions", fate: "dropped" as const, from: 10, rows, total: 300 }
    const shown = text({
      view: { ...newView(), screen: "stage", chosen: 1, row: 12 },
      looked: { page, text: null, notice: "" },
    })
    expect(shown).toMatch(/^filter-questions {2}2,000 rows, 1,700 out, 300 dropped, 0 failed/)
    expect(shown).toMatch(/length: long +40 +2\.0%/)
    expect(shown).toMatch(/dropped rows of committed tasks 13 of 300/)
    expect(shown).toMatch(/^> q2 +length: long {2}9 against 5$/m)
  })

  test("a long text is wrapped and scrolled", () => {
    const body = Array.from({ length: 100 }, (_, at) => `line ${at} ${"x".repeat(100)}`).join("\n")
    const looked = { page: null, text: { title: "row", body }, notice: "" }
    const view = { ...newView(), screen: "row" as const }
    expect(text({ view: { ...view, scroll: 6 }, looked }).split("\n")[0]).toMatch(/lines 7-27 of 200/)
    expect(text({ view: { ...view, scroll: 10_000 }, looked })).toMatch(/line 99 /)
  })
})
