// What a pilot says about the whole. Yields are shares of rows: their 95% interval is Wilson's. Calls, tokens and cost are sums over rows of
// very different sizes: theirs is the percentile bootstrap (Efron 1979) over the pilot's source rows, 1,000 resamples from a fixed seed.
// Both take the pilot's rows for a random sample of the whole; the first rows of a sorted file are none.
import type { Commit } from "./commit.ts"
import type { Measured, Pace } from "./measure.ts"
import type { Paid } from "./recipe.ts"

/** An estimate with its 95% interval. */
export interface Interval {
  estimate: number
  low: number
  high: number
}

/** Calls, tokens, cost and time of one stage or of all. */
export interface ProjectedUse {
  calls: Interval
  inputTokens: Interval
  outputTokens: Interval
  /** USD; null where a price is unknown. */
  usd: Interval | null
  /**
   * Milliseconds at the measured speed of one request. `low`: always `maxInFlight` requests under way, models beside one another, the low end of
   * the tokens. `high`: as few under way as in the pilot, one model after the other, the high end of the tokens. Null where no
   * process measured a speed.
   */
  timeMs: { low: number; high: number } | null
}

export interface ProjectedStage extends ProjectedUse {
  stage: string
  /** Rows that the stage gets. */
  rows: Interval
}

/** What a pilot says of the whole: the figures of all source rows, each with its 95% interval. */
export interface Projection extends ProjectedUse {
  /** Source rows of the pilot and of the whole. */
  pilotRows: number
  allRows: number
  /** Rows in the dataset. */
  yield: Interval
  stages: ProjectedStage[]
}

export interface ProjectionInput {
  /** Source rows of the whole. */
  allRows: number
  /** Source rows of the pilot and those that came into the dataset. */
  pilot: { in: number; out: number }
  /** Stages in order with the commits of the pilot. */
  commits: ReadonlyMap<string, readonly Commit[]>
  measured: Measured
  endpoints: readonly Paid[]
}

const resamples = 1_000

/** Projects a pilot to all rows. */
export function project({ allRows, pilot, commits, measured, endpoints }: ProjectionInput): Projection {
  const scale = allRows / pilot.in
  const share = (count: number): Interval => {
    const [low, high] = wilson(Math.min(count, pilot.in), pilot.in)
    return { estimate: count * scale, low: low * allRows, high: high * allRows }
  }
  const asking = [...commits.keys()].filter((stage) => Object.values(measured.rows).some((uses) => uses[stage]))
  const use = (stages: readonly string[]): ProjectedUse => projectUse(stages, pilot.in, scale, measured, endpoints)
  return {
    pilotRows: pilot.in,
    allRows,
    yield: share(pilot.out),
    ...use(asking),
    stages: asking.map((stage) => ({
      stage,
      rows: share((commits.get(stage) ?? []).reduce((sum, { counts }) => sum + counts.in, 0)),
      ...use([stage]),
    })),
  }
}

function projectUse(
  stages: readonly string[],
  pilotRows: number,
  scale: number,
  measured: Measured,
  endpoints: readonly Paid[],
): ProjectedUse {
  const identities = [...new Set(endpoints.map(({ identity }) => identity))]
  const priceOf = new Map(endpoints.map(({ identity, price }) => [identity, price]))
  // One line for each row that asked: calls, tokens in and out, cost, then tokens out by identity.
  const lines = Object.values(measured.rows).map((uses) => {
    const line = new Float64Array(4 + identities.length)
    for (const stage of stages)
      for (const [identity, { calls, input, output }] of Object.entries(uses[stage] ?? {})) {
        line[0]! += calls
        line[1]! += input
        line[2]! += output
        const price = priceOf.get(identity)
        if (price) line[3]! += (input * price.input + output * price.output) / 1e6
        const at = identities.indexOf(identity)
        if (at >= 0) line[4 + at]! += output
      }
    return line
  })
  const [calls, inputTokens, outputTokens, usd, ...outputs] = bootstrapSums(
    lines,
    pilotRows,
    4 + identities.length,
  ).map(({ estimate, low, high }) => ({ estimate: estimate * scale, low: low * scale, high: high * scale }))
  const asked = new Set(
    Object.values(measured.rows).flatMap((uses) => stages.flatMap((stage) => Object.keys(uses[stage] ?? {}))),
  )
  const isPriced = [...asked].every((identity) => priceOf.get(identity))
  return {
    calls: calls!,
    inputTokens: inputTokens!,
    outputTokens: outputTokens!,
    usd: isPriced ? usd! : null,
    timeMs: timeOf(
      identities.flatMap((identity, at) => (asked.has(identity) ? [{ identity, output: outputs[at]! }] : [])),
      measured,
      endpoints,
    ),
  }
}

function timeOf(
  outputs: readonly { identity: string; output: Interval }[],
  { paces }: Measured,
  endpoints: readonly Paid[],
): { low: number; high: number } | null {
  let low = 0
  let high = 0
  for (const { identity, output } of outputs) {
    const of = Object.values(paces).filter((pace) => pace.identity === identity)
    const tokens = of.reduce((sum, pace) => sum + pace.output, 0)
    const sum = (key: "requestMs" | "busyMs") => of.reduce((total, pace: Pace) => total + pace[key], 0)
    if (tokens === 0 || sum("requestMs") === 0) return null
    const atOnce = endpoints.reduce(
      (total, paid) => total + (paid.identity === identity ? (paid.limits?.maxInFlight ?? 1) : 0),
      0,
    )
    const busyMs = (output.high * sum("busyMs")) / tokens
    const leastMs = (output.low * sum("requestMs")) / tokens / Math.max(1, atOnce)
    low = Math.max(low, Math.min(leastMs, busyMs))
    high += busyMs
  }
  return outputs.length === 0 ? null : { low, high }
}

/**
 * Sums over rows with the interval of their bootstrap: `count` rows are drawn with replacement from the rows that asked and those, up to `count`,
 * that asked nothing.
 */
export function bootstrapSums(lines: readonly Float64Array[], count: number, width: number): Interval[] {
  const rows = Math.max(count, lines.length)
  const random = randomFrom(0x2545f491)
  const sums = Array.from({ length: width }, () => new Float64Array(resamples))
  for (let resample = 0; resample < resamples; resample++)
    for (let draw = 0; draw < rows; draw++) {
      const line = lines[Math.floor(random() * rows)]
      if (line) for (let at = 0; at < width; at++) sums[at]![resample]! += line[at]!
    }
  return sums.map((drawn, at) => {
    drawn.sort()
    return {
      estimate: lines.reduce((sum, line) => sum + line[at]!, 0),
      low: drawn[Math.floor(resamples * 0.025)]!,
      high: drawn[Math.ceil(resamples * 0.975) - 1]!,
    }
  })
}

/** Mulberry32: even numbers in [0, 1), the same for a seed everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Wilson's score interval of a share at 95%. All and none are its ends exactly. */
export function wilson(successes: number, trials: number): [low: number, high: number] {
  if (trials === 0) return [0, 1]
  const z = 1.959964
  const p = successes / trials
  const centre = p + (z * z) / (2 * trials)
  const spread = z * Math.sqrt((p * (1 - p)) / trials + (z * z) / (4 * trials * trials))
  const scale = 1 + (z * z) / trials
  // Rounding would leave the share itself a hair outside.
  return [
    successes === 0 ? 0 : Math.max(0, (centre - spread) / scale),
    successes === trials ? 1 : Math.min(1, (centre + spread) / scale),
  ]
}
