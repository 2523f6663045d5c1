/** The waits of the client, in milliseconds. The defaults suit servers on a network; tests shorten them. */
export interface Timing {
  /** First backoff of a retry; doubles with each further one. */
  backoffMs: number
  /** Longest backoff of a retry. */
  backoffCapMs: number
  /** First pause of an endpoint that is overloaded or away; doubles with each probe that fails. */
  pauseMs: number
  /** Longest pause, unless the server asks for a longer one. */
  pauseCapMs: number
  /** Longest pause that a server can ask for. */
  retryAfterCapMs: number
  /** A request that has not been refused for this long counts as admitted, though its answer may take an hour. */
  admittedAfterMs: number
  /** Requests in flight to a server of which nothing is known yet. */
  firstWindow: number
  /** How often a busy server is asked how busy it is. */
  metricsMs: number
  /** A server that has never answered is given up on after this. */
  unreachableMs: number
}

export const defaultTiming: Timing = {
  backoffMs: 500,
  backoffCapMs: 60_000,
  pauseMs: 1_000,
  pauseCapMs: 60_000,
  retryAfterCapMs: 600_000,
  admittedAfterMs: 5_000,
  firstWindow: 32,
  metricsMs: 5_000,
  unreachableMs: 15_000,
}

/** Backoff before the `attempt`-th further try (from 1): exponential, capped, with full jitter. */
export const backoffMs = ({ backoffMs, backoffCapMs }: Timing, attempt: number, random = Math.random): number =>
  random() * Math.min(backoffCapMs, backoffMs * 2 ** (attempt - 1))
