import { join } from "node:path"
import { ownerOf } from "../../pipelines/runtime/lock.ts"
import { isPaused, setPaused } from "../../pipelines/runtime/pause.ts"
import { readRecord } from "../../pipelines/runtime/run.ts"
import { pricesOf } from "../../pipelines/runtime/run-totals.ts"
import { costOfSettled } from "../../pipelines/runtime/status.ts"
import type { Event } from "../../schemas/event.ts"
import type { Line } from "./cells.ts"
import { EventTail } from "./event-tail.ts"
import { exchangeOf, exchangeText, latestExchange } from "./exchange.ts"
import { type Key, pressed, type Wish } from "./keys.ts"
import { Losses } from "./losses.ts"
import { hearEvent, newProgress, type RunProgress } from "./run-progress.ts"
import { lastScroll, pageRows, screenLines, textRows } from "./screens.ts"
import { type Looked, newView, type Size, type ViewState } from "./view-state.ts"

/** A process that died is found dead by looking at its lock; that need not be done each time. */
const looksPerLock = 5

export interface WatchOptions {
  run: string
  /** How the folder is called on the screen. */
  shown: string
  /** Ctrl-C. */
  interrupt(): void
  /** Called when the view should end. */
  leave(): void
  /** Called when there is something new to see; `asked` when a key asked for it. */
  changed(asked: boolean): void
  /** Hears each event as it is read. */
  onEvent?: (event: Event) => void
}

/**
 * What a live view shows of a run and does by its keys, whatever it is drawn with. It only reads the run's folder, but for the file that
 * asks for a pause, so it works on any machine that sees the folder, and whatever becomes of it the run goes on.
 */
export class Watch {
  readonly progress: RunProgress = newProgress()
  view: ViewState = newView()
  readonly #options: WatchOptions
  readonly #tail: EventTail
  readonly #looked: Looked = { page: null, text: null, notice: "" }
  #budget: { tokens?: number; usd?: number } = {}
  #config: unknown = null
  #pauseAsked = false
  #looks = 0
  #losses: { stage: string; fate: string; at: string | null; opened: Losses } | null = null
  /** What was asked for last: an earlier answer that comes later is not shown. */
  #asked = 0

  constructor(options: WatchOptions) {
    this.#options = options
    this.#tail = new EventTail(options.run)
  }

  /** Whether the run has ended, well or not. */
  get ended(): boolean {
    return ["done", "stopped", "killed"].includes(this.progress.status.state)
  }

  /** Reads what is new. To be called once in a while, not twice at once. */
  async look(): Promise<void> {
    const { run, onEvent } = this.#options
    this.#config ??= await this.#readConfig()
    for await (const event of this.#tail.read()) {
      hearEvent(this.progress, event)
      onEvent?.(event)
    }
    this.#pauseAsked = isPaused(run)
    const { status } = this.progress
    if ((status.state === "running" || status.state === "killed") && this.#looks++ % looksPerLock === 0)
      status.state = (await ownerOf(join(run, "locks", "coordinator"))) ? "running" : "killed"
    this.#options.changed(false)
  }

  /** The screen's lines. `keys`: false for the overview as it stays behind when the view ends. */
  lines(size: Size, { keys = true, nowMs = Date.now() }: { keys?: boolean; nowMs?: number } = {}): Line[] {
    const { status } = this.progress
    const settledUsd = costOfSettled(status.settled, pricesOf(this.#config))
    const facts = { run: this.#options.shown, budget: this.#budget, settledUsd, pauseAsked: this.#pauseAsked }
    const view = keys ? this.view : newView()
    const looked = keys ? this.#looked : { ...this.#looked, notice: "" }
    return screenLines({ progress: this.progress, facts, view, looked, size, nowMs, keys })
  }

  notice(text: string): void {
    this.#looked.notice = text
    this.#options.changed(true)
  }

  press(key: Key | (string & {}), size: Size): void {
    const page = this.view.screen === "stage" ? pageRows(size) : textRows(size)
    const { stages } = this.progress.status
    const losses = this.#looked.page?.total ?? 0
    const { view, wish } = pressed(this.view, key, { stages: stages.length, losses, page })
    const typed = this.view.typed
    if (view.screen !== this.view.screen && view.screen === "exchange") this.#looked.text = null
    const body = this.#looked.text?.body
    this.view = body === undefined ? view : { ...view, scroll: Math.min(view.scroll, lastScroll(body, size)) }
    if (wish !== "interrupt") this.#looked.notice = ""
    if (wish) this.#grant(wish, size, typed)
    this.#options.changed(true)
  }

  #grant(wish: Wish, size: Size, typed: string | null): void {
    if (wish === "leave") this.#options.leave()
    else if (wish === "interrupt") this.#options.interrupt()
    else if (wish === "pause") this.#try(() => this.#pause())
    else if (wish === "page") this.#try((current) => this.#readPage(size, current))
    else if (wish === "row") this.#try((current) => this.#readRow(current))
    else this.#try((current) => this.#readExchange(typed ?? "", current))
  }

  /** What is read for a key may fail as anything that reads files does; the view says so and goes on. */
  #try(work: (current: () => boolean) => Promise<void>): void {
    const asked = ++this.#asked
    work(() => asked === this.#asked)
      .catch((error: unknown) => {
        this.#looked.notice = error instanceof Error ? error.message : String(error)
      })
      .finally(() => this.#options.changed(true))
  }

  async #pause(): Promise<void> {
    if (this.ended || this.progress.status.state === "new") throw new Error("the run is not running")
    await setPaused(this.#options.run, !this.#pauseAsked)
    this.#pauseAsked = !this.#pauseAsked
  }

  async #openLosses(): Promise<{ stage: string; opened: Losses } | null> {
    const stage = this.progress.status.stages[this.view.chosen]
    if (!stage) return null
    const { fate } = this.view
    const at = `${stage.tasksDone}`
    // Tasks that were committed meanwhile come into the list when the stage is entered again or the last row was reached.
    const known = this.#losses
    if (
      known?.stage === stage.stage &&
      known.fate === fate &&
      (known.at === at || (this.view.row < known.opened.total - 1 && this.view.row > 0))
    )
      return known
    const opened = await Losses.open(this.#options.run, stage.stage, fate)
    this.#losses = { stage: stage.stage, fate, at, opened }
    return this.#losses
  }

  async #readPage(size: Size, current: () => boolean): Promise<void> {
    const { fate, row } = this.view
    const count = pageRows(size)
    const losses = await this.#openLosses()
    if (!losses) return
    const { total } = losses.opened
    const from = Math.max(0, Math.min(Math.floor(row / count) * count, total - 1))
    const page = this.#looked.page
    const shown = page?.stage === losses.stage && page.fate === fate && page.from === from && page.total === total
    if (shown && page.rows.length === Math.min(count, total - from)) return
    const rows = total === 0 ? [] : await losses.opened.page(from, count)
    if (current()) this.#looked.page = { stage: losses.stage, fate, from, rows, total }
  }

  async #readRow(current: () => boolean): Promise<void> {
    const { fate, row } = this.view
    this.#looked.text = null
    const losses = await this.#openLosses()
    const body = (await losses?.opened.row(row)) ?? "there is no such row any more"
    if (current()) this.#looked.text = { title: `${fate} row ${row + 1} of stage ${losses?.stage}`, body }
  }

  async #readExchange(id: string, current: () => boolean): Promise<void> {
    if (id !== "" && id.length < 8) throw new Error("an id has at least 8 hex digits")
    this.view = { ...this.view, typed: null }
    const record = id === "" ? await latestExchange(this.#options.run) : await exchangeOf(this.#options.run, id)
    if (!current()) return
    const body = record ? exchangeText(record) : id === "" ? "nothing is settled yet" : `no exchange ${id} in this run`
    this.#looked.text = { title: id === "" ? "the exchange that was settled last" : `exchange ${id}`, body }
  }

  async #readConfig(): Promise<unknown> {
    const record = await readRecord(this.#options.run).catch(() => null)
    const config = record?.config as { budget?: { tokens?: number; usd?: number } } | undefined
    this.#budget = config?.budget ?? {}
    return config ?? null
  }
}
