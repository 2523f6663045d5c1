import type { Usage } from "../../pipelines/runtime/effect.ts"
import type { CallFault } from "./outcome.ts"

/**
 * What a fault cost. Where the server may have generated without saying how much, the whole estimate counts, so that the
 * budget is never passed.
 */
export function paidFor(fault: CallFault, upper: Usage): Usage {
  if (fault.usage !== undefined) return { input: fault.usage.input || upper.input, output: fault.usage.output }
  switch (fault.outcome) {
    case "malformed":
    case "connection-cut":
    case "timed-out-waiting":
    case "timed-out-generating":
      return upper
    default:
      return brokeOnceConnected(fault) ? upper : { input: 0, output: 0 }
  }
}

/** Tells a connection that broke from one that never came about. */
export const brokeOnceConnected = ({ outcome, message }: CallFault): boolean =>
  outcome === "outage" && /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)/.test(message)
