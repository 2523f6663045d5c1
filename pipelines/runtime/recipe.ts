import type { z } from "zod"
import type { Table } from "../../schemas/columns.ts"
import type { Happening } from "../../schemas/event.ts"
import type { AnsweredBefore } from "./answered-before.ts"
import type { TotalsByIdentity } from "./ledger-index.ts"
import type { Stage } from "./stage.ts"
import type { Row } from "./step.ts"

/** A dataset in the run's folder, made from the rows that a stage passed on. */
export interface Export {
  /** Folder under the run: `dataset`. */
  folder: string
  /** What is in it, for the summary. */
  about: string
  table: Table
  /** The stage whose rows it is made from, and the exported rows of each; none is fine. */
  from: string
  rows(row: Row): Row[]
}

/** What is paid for and shown while a run goes on: one model behind its endpoint. */
export interface Paid {
  readonly role: string
  readonly identity: string
  /** Price of a million tokens in USD, where known. */
  readonly price: { input: number; output: number } | null
  /** What bounds its speed, for `plan`. */
  readonly limits?: SpeedLimits
  counters(): PaidCounters
  /** Held, it sends nothing new; what is in flight goes on. */
  hold?(held: boolean): void
}

/** What a config says about how fast a model may be asked and how fast it answers. */
export interface SpeedLimits {
  maxInFlight: number
  requestsPerMinute: number | null
  tokensPerMinute: number | null
  /** Output tokens a second of one request, as stated in the config. */
  tokensPerSecond: number | null
}

/** Where an endpoint stands: requests now, and calls, tokens and cost of this process so far. */
export interface PaidCounters {
  inFlight: number
  /** Requests that may be in flight at once by now; absent where nothing bounds them. */
  window?: number | undefined
  waiting: number
  calls: number
  attempts: number
  input: number
  output: number
  usd: number | null
  paused: string | null
}

/** A recipe put together for one config. Making it has no effect on the outside: no file, no network, no child. */
export interface Pipeline {
  /** In the order of their dependence. */
  stages: Stage[]
  /** The stages that a source row passes, in order: every row ends in the last one or is dropped or failed before. */
  path: string[]
  /** The first is the final dataset. */
  exports: Export[]
  endpoints: Paid[]
  /** Ends what was started on the way (child servers, connections). */
  close(): Promise<void>
}

/** What a run gives to the recipe that it opens. */
export interface Host {
  report(happening: Happening): void
  /** What was settled before this run started, by identity: budgets count it as spent. */
  settled: TotalsByIdentity
  /** Who answered for each identity before this run started, as servers said: a change is told. */
  answered?: AnsweredBefore
}

/** A function from a config to stages. `C` is the checked config. */
export interface Recipe<C = unknown> {
  name: string
  about: string
  version: number
  config: z.ZodType<C>
  open(config: C, host: Host): Pipeline
}

/** Keys of a config that the runtime reads itself, where a recipe has them: the common keys of `schemas/config.ts`. */
export interface HouseKeys {
  ledger?: string
  disk?: { minimumFreeBytes?: number }
  budget?: { tokens?: number; usd?: number }
}

/** Types a recipe of your own: `export default defineRecipe({ name, about, version, config, open })`. */
export const defineRecipe = <C>(recipe: Recipe<C>): Recipe<C> => recipe
