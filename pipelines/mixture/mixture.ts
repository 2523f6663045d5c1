// Mixing samples to given shares: a plan that counts (one row of numbers for each sample, no text), a map that takes each sample or not
// by its rank alone, and a count of what came out.
import { int32 } from "../../schemas/columns.ts"
import type { FlagPlace } from "../../schemas/fused-sample.ts"
import {
  type MixtureCell,
  type MixtureFlags,
  type MixtureLine,
  type MixtureRow,
  mixtureReport,
  mixtureRow,
} from "../../schemas/mixture.ts"
import type { ModeFusionConfig } from "../../schemas/mode-fusion-config.ts"
import { stopError } from "../runtime/errors.ts"
import { uniform } from "../runtime/fingerprint.ts"
import type { ReduceStage } from "../runtime/stage.ts"
import type { Row, RowStep, Side } from "../runtime/step.ts"
import { apportion } from "./apportion.ts"
import { type CountPlan, planCounts } from "./plan-counts.ts"
import { type Dimension, dimensions, type SupplyCell } from "./share-targets.ts"

/** What a mixture is made by. */
export type MixtureOptions = Pick<
  ModeFusionConfig,
  "size" | "shares" | "maxCopies" | "whenShort" | "tolerance" | "seed"
>

/** More cells than any mixture is planned over: then a label is no label. */
const mostCells = 20_000

/** A sample's place in the order of its cell: by seed and id, whatever stands before and behind it. */
const rankOf = (seed: number, id: string): number => uniform(seed, "mixture", id)

const cellKey = (row: Row): string => dimensions.map((dimension) => String(row[dimension])).join("\u0000")

/** A sample's place in the order by which flags are given: by seed and id. */
export const flagRankOf = (seed: number, id: string): number => uniform(seed, "flag", id)

/** Where the deciding flag of a mode's samples stands, by weight. */
export interface FlagShares {
  readonly [mode: string]: Readonly<Partial<Record<FlagPlace, number>>>
}

const places = ["user", "system", "none"] as const satisfies readonly FlagPlace[]

/**
 * Plans a mixture of all rows of a stage with the columns `id`, `mode`, `category`, `language` and `own_flag`. Writes its size, the targets
 * with their rows, for each cell how many of its samples are taken and up to which rank, and for each mode up to which rank its flags
 * stand where. Memory: 17 bytes a sample and 16 a row of the set. Stops where the shares cannot be met: at any size, or at the asked one when `whenShort` is
 * `stop`; else `warn` hears of it.
 */
export const planMixture = ({
  id,
  input,
  flags,
  warn,
  ...options
}: { id: string; input: string; flags: FlagShares; warn(message: string): void } & MixtureOptions): ReduceStage => ({
  kind: "reduce",
  id,
  version: 1,
  params: { ...options, flags },
  input,
  of: "out",
  reads: ["id", ...dimensions, "own_flag"],
  columns: mixtureRow.columns,
  async run(rows) {
    const supply = await countSupply(rows, options.seed)
    const cells = supply.map(({ samples: _, ...cell }) => cell)
    const plan = planCounts(cells, { ...options, size: options.size ?? null })
    expectEnough(plan, cells, options, warn)
    const planned = supply.map(({ samples, ...cell }, at): MixtureCell & { samples: Samples } => {
      const places = plan.places[at]!
      const extra = places % cell.supply
      const extraUpTo = extra === 0 ? null : samples.rankAt(extra)
      return { ...cell, places, copies: Math.floor(places / cell.supply), extraUpTo, samples }
    })
    const nothing: MixtureRow = { size: null, flags: null, target: null, cell: null }
    return [
      { ...nothing, size: { asked: options.size ?? null, planned: plan.size, limitedBy: plan.limitedBy } },
      ...plan.targets.map(({ members: _, ...target }) => ({ ...nothing, target })),
      ...Object.entries(flags).map(([mode, weights]) => ({
        ...nothing,
        flags: planFlags(
          mode,
          weights,
          planned.filter((cell) => cell.mode === mode),
        ),
      })),
      ...planned.map(({ samples: _, ...cell }) => ({ ...nothing, cell })),
    ]
  },
})

/** The cells of all rows, by name, with what is kept of their samples. */
async function countSupply(rows: AsyncIterable<Row>, seed: number): Promise<(SupplyCell & { samples: Samples })[]> {
  const cells = new Map<string, Samples>()
  for await (const row of rows) {
    const key = cellKey(row)
    let samples = cells.get(key)
    if (samples === undefined) {
      if (cells.size === mostCells)
        throw stopError({
          what: `The samples have more than ${mostCells} different triples of mode, category and language`,
          expected: "labels, of which many samples have the same",
          got: `such as ${key.split("\u0000").join(", ")}`,
          remedy: "Map category and language to columns that hold labels (columns.category).",
        })
      samples = new Samples()
      cells.set(key, samples)
    }
    const id = String(row.id)
    samples.add(rankOf(seed, id), flagRankOf(seed, id), places.indexOf(row.own_flag as FlagPlace))
  }
  return [...cells]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, samples]) => {
      const [mode, category, language] = key.split("\u0000") as [string, string, string]
      return { mode, category, language, supply: samples.count, samples }
    })
}

/** What is kept of the samples of one cell: 17 bytes each, up to twice as much while it grows. */
class Samples {
  count = 0
  ranks = new Float64Array(16)
  flagRanks = new Float64Array(16)
  /** Index of the place of a flag that the sample brings along; -1 for none. */
  ownFlags = new Int8Array(16)

  add(rank: number, flagRank: number, ownFlag: number): void {
    if (this.count === this.ranks.length) {
      const length = this.count * 2
      const [ranks, flagRanks, ownFlags] = [this.ranks, this.flagRanks, this.ownFlags]
      this.ranks = new Float64Array(length)
      this.ranks.set(ranks)
      this.flagRanks = new Float64Array(length)
      this.flagRanks.set(flagRanks)
      this.ownFlags = new Int8Array(length)
      this.ownFlags.set(ownFlags)
    }
    this.ranks[this.count] = rank
    this.flagRanks[this.count] = flagRank
    this.ownFlags[this.count++] = ownFlag
  }

  /** The n-th smallest rank, from 1. */
  rankAt(n: number): number {
    return this.ranks.slice(0, this.count).sort()[n - 1]!
  }
}

/** Copies of a sample of that rank. */
const copiesOf = ({ copies, extraUpTo }: MixtureCell, rank: number): number =>
  copies + (extraUpTo !== null && rank <= extraUpTo ? 1 : 0)

/** Gives the places of flags to the samples of a mode that are taken, so that together with the flags they bring along the shares hold. */
function planFlags(
  mode: string,
  weights: FlagShares[string],
  cells: readonly (MixtureCell & { samples: Samples })[],
): MixtureFlags {
  const own = [0, 0, 0]
  const free: Float64Array[] = []
  let rows = 0
  for (const cell of cells) {
    // The rank of every row without a flag of its own, a sample's as often as it is taken.
    const ranks = new Float64Array(cell.places)
    let count = 0
    for (let at = 0; at < cell.samples.count; at++) {
      const copies = copiesOf(cell, cell.samples.ranks[at]!)
      const place = cell.samples.ownFlags[at]!
      rows += copies
      if (place >= 0) own[place]! += copies
      else for (let copy = 0; copy < copies; copy++) ranks[count++] = cell.samples.flagRanks[at]!
    }
    free.push(ranks.subarray(0, count))
  }
  const freeRows = free.reduce((sum, { length }) => sum + length, 0)
  const ranks = new Float64Array(freeRows)
  let filled = 0
  for (const own of free) {
    ranks.set(own, filled)
    filled += own.length
  }
  ranks.sort()
  const sum = places.reduce((sum, place) => sum + (weights[place] ?? 0), 0)
  const shares = places.map((place) => (weights[place] ?? 0) / sum)
  const left = apportion(rows, shares).map((count, place) => Math.max(0, count - own[place]!))
  const lacking = left.reduce((sum, count) => sum + count, 0)
  const given = apportion(freeRows, lacking === 0 ? shares : left.map((count) => count / lacking))
  const upTo = (count: number): number => (count === 0 ? -1 : count === freeRows ? 1 : ranks[count - 1]!)
  return { mode, userUpTo: upTo(given[0]!), systemUpTo: upTo(given[0]! + given[1]!) }
}

function expectEnough(
  plan: CountPlan,
  cells: readonly SupplyCell[],
  { size, whenShort }: MixtureOptions,
  warn: (message: string) => void,
): void {
  if (cells.length === 0)
    throw stopError({ what: "There is no sample left to mix", remedy: "inspect RUN --dropped shows why." })
  const asked = size === undefined ? "" : `${size} rows `
  if (plan.size === 0)
    throw stopError({
      what: "No set of any size has the asked shares",
      where: "shares",
      got: plan.limitedBy ?? "no samples",
      remedy: `Ask for what there is (${supplyText(cells)}), or add samples.`,
    })
  if (size === undefined || plan.size === size) return
  if (whenShort === "stop")
    throw stopError({
      what: `The samples do not suffice for ${asked}at the asked shares`,
      where: "size",
      got: `at most ${plan.size}: ${plan.limitedBy}`,
      remedy: "Add samples, ask for fewer, allow copies (maxCopies), or set whenShort to fewer.",
    })
  warn(`The set has ${plan.size} rows of the ${size} asked for. ${plan.limitedBy}`)
}

/** What there is, in words: of each dimension the values with the most samples. */
function supplyText(cells: readonly SupplyCell[]): string {
  return dimensions
    .map((dimension) => {
      const counts = countBy(cells, dimension, ({ supply }) => supply)
      const most = [...counts].sort(([, a], [, b]) => b - a).slice(0, 5)
      return `${dimension}: ${most.map(([value, count]) => `${value} ${count}`).join(", ")}`
    })
    .join("; ")
}

function countBy<T extends Readonly<Record<Dimension, string>>>(
  cells: readonly T[],
  dimension: Dimension,
  of: (cell: T) => number,
): Map<string, number> {
  const counts = new Map<string, number>()
  for (const cell of cells) counts.set(cell[dimension], (counts.get(cell[dimension]) ?? 0) + of(cell))
  return counts
}

/**
 * Takes the samples that a plan has a place for, each with its number of `copies`, and drops the others as `not-selected`, with the rank
 * that decided. `side` is the stage of `planMixture` with the same options.
 */
export function takeMixed(side: string, options: MixtureOptions): RowStep {
  const plans = new WeakMap<readonly Row[], Map<string, MixtureCell>>()
  return {
    kind: "row",
    id: "mixture",
    version: 1,
    params: options,
    about: "Takes samples to the asked shares of mode, category and language",
    adds: { copies: int32() },
    run(row, sides) {
      const rows = sides.get(side) ?? []
      let cells = plans.get(rows)
      if (cells === undefined) {
        cells = new Map(cellsOf(rows).map((cell) => [cellKey(cell), cell]))
        plans.set(rows, cells)
      }
      const cell = cells.get(cellKey(row))!
      const { mode, category, language, supply, places, extraUpTo } = cell
      const rank = rankOf(options.seed, String(row.id))
      const taken = copiesOf(cell, rank)
      if (taken > 0) return { keep: [{ ...row, copies: taken }] }
      const evidence = { why: places === 0 ? "no-share" : "cell-full", mode, category, language, supply, places }
      return { reason: "not-selected", measured: rank, ...(extraUpTo !== null && { threshold: extraUpTo }), evidence }
    },
  }
}

const planRows = (side: Side, id: string) => (side.get(id) ?? []) as unknown as readonly MixtureRow[]
const cellsOf = (rows: readonly Row[]): MixtureCell[] =>
  (rows as unknown as readonly MixtureRow[]).flatMap(({ cell }) => (cell === null ? [] : [cell]))

/**
 * Counts what a mixture became, over the rows that were taken: asked against found for the size, every value of each dimension, every cell,
 * and where the flags stand. Where a share is further from the asked one than
 * rounding and the tolerance allow, it stops or warns as `whenShort` says.
 */
export const reportMixture = ({
  id,
  input,
  plan,
  flags,
  warn,
  ...options
}: {
  id: string
  input: string
  plan: string
  flags: FlagShares
  warn(message: string): void
} & MixtureOptions): ReduceStage => ({
  kind: "reduce",
  id,
  version: 1,
  params: { ...options, flags },
  input,
  of: "out",
  side: [plan],
  reads: [...dimensions, "copies", "flag"],
  columns: mixtureReport.columns,
  async run(rows, side) {
    const found = new Map<string, number>()
    const foundFlags = new Map<string, number>()
    for await (const row of rows) {
      const copies = row.copies as number
      found.set(cellKey(row), (found.get(cellKey(row)) ?? 0) + copies)
      const flag = `${String(row.mode)}\u0000${String(row.flag)}`
      foundFlags.set(flag, (foundFlags.get(flag) ?? 0) + copies)
    }
    const planned = planRows(side, plan)
    const cells = cellsOf(planned as readonly Row[]).map((cell) => ({ ...cell, found: found.get(cellKey(cell)) ?? 0 }))
    const lines = reportLines(planned, cells)
    expectShares(lines, options, warn)
    return [...lines, ...flagLines(foundFlags, flags)]
  },
})

type FoundCell = MixtureCell & { found: number }

function reportLines(planned: readonly MixtureRow[], cells: readonly FoundCell[]): MixtureLine[] {
  const size = planned.find((row) => row.size !== null)!.size!
  const targets = planned.flatMap(({ target }) => (target === null ? [] : [target]))
  const total = cells.reduce((sum, { found }) => sum + found, 0)
  const line = (measure: string, value: string, supply: number | null, found: number): MixtureLine => {
    const target = targets.find((target) => target.measure === measure && target.value === value)
    const asked = target === undefined ? null : target.places
    return {
      measure,
      value,
      supply,
      askedShare: target?.share ?? null,
      asked,
      found,
      foundShare: total === 0 ? 0 : found / total,
      short: asked === null ? null : Math.max(0, asked - found),
      note: null,
    }
  }
  const lines: MixtureLine[] = [
    {
      ...line(
        "size",
        "rows",
        cells.reduce((sum, { supply }) => sum + supply, 0),
        total,
      ),
      asked: size.asked,
      short: size.asked === null ? null : Math.max(0, size.asked - total),
      note: size.limitedBy,
    },
  ]
  for (const measure of dimensions) {
    const supply = countBy(cells, measure, (cell) => cell.supply)
    const found = countBy(cells, measure, (cell) => cell.found)
    const own = targets.filter((target) => target.measure === measure)
    const values = new Set([...own.map(({ value }) => value).filter((value) => value !== "others"), ...supply.keys()])
    for (const value of [...values].sort((a, b) => (found.get(b) ?? 0) - (found.get(a) ?? 0) || (a < b ? -1 : 1)))
      lines.push(line(measure, value, supply.get(value) ?? 0, found.get(value) ?? 0))
    if (own.some(({ value }) => value === "others")) {
      const named = new Set(own.map(({ value }) => value))
      const rest = cells.filter((cell) => !named.has(cell[measure]))
      const sum = (of: "supply" | "found") => rest.reduce((total, cell) => total + cell[of], 0)
      lines.push(line(measure, "others", sum("supply"), sum("found")))
    }
  }
  for (const { value } of targets.filter(({ measure }) => measure === "cells")) {
    const named = value.split(" × ")
    const own = cells.filter((cell) => {
      const parts = dimensions.map((dimension) => `${dimension} ${cell[dimension]}`)
      return named.every((part) => parts.includes(part))
    })
    const sum = (of: "supply" | "found") => own.reduce((total, cell) => total + cell[of], 0)
    lines.push(line("cells", value, sum("supply"), sum("found")))
  }
  for (const { mode, category, language, supply, found } of cells)
    lines.push(line("cell", `${mode} × ${category} × ${language}`, supply, found))
  return lines
}

/** Shares that are off by more than the tolerance, and by more than a row. */
function expectShares(
  lines: readonly MixtureLine[],
  { tolerance, whenShort }: MixtureOptions,
  warn: (message: string) => void,
): void {
  const total = lines[0]!.found
  const off = lines.filter(
    ({ askedShare, found, foundShare }) =>
      askedShare !== null &&
      Math.abs(foundShare - askedShare) > tolerance &&
      Math.abs(found - askedShare * total) >= 1 + 1e-9,
  )
  if (off.length === 0) return
  const percent = (share: number) => `${(share * 100).toFixed(2)}%`
  const told = off
    .slice(0, 3)
    .map(
      ({ measure, value, askedShare, foundShare }) =>
        `${measure} ${value}: ${percent(askedShare!)} asked, ${percent(foundShare)} found`,
    )
    .join("; ")
  if (whenShort === "stop")
    throw stopError({
      what: "The output misses asked shares by more than the tolerance",
      where: "shares",
      expected: `within ${percent(tolerance)}`,
      got: told,
      remedy: "Ask for another size, or raise the tolerance.",
    })
  warn(`Shares are off by more than ${percent(tolerance)}: ${told}`)
}

/** Where the flags stand, as shares of each mode. */
function flagLines(found: ReadonlyMap<string, number>, flags: FlagShares): MixtureLine[] {
  return Object.entries(flags).flatMap(([mode, places]) => {
    const weights = Object.values(places).reduce((sum, weight) => sum + weight, 0)
    const countOf = (place: string) => found.get(`${mode}\u0000${place}`) ?? 0
    const total = Object.keys(places).reduce((sum, place) => sum + countOf(place), 0)
    return Object.entries(places).map(([place, weight]) => ({
      measure: "flag",
      value: `${mode} × ${place}`,
      supply: null,
      askedShare: weight / weights,
      asked: Math.round((weight / weights) * total),
      found: countOf(place),
      foundShare: total === 0 ? 0 : countOf(place) / total,
      short: null,
      note: null,
    }))
  })
}
