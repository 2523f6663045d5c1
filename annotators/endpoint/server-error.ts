import { CallFault, type Outcome } from "./outcome.ts"
import { type HeaderMap, retryAfterMs } from "./retry-after.ts"

// The wordings of OpenAI and vLLM ("maximum context length"), vLLM ("longer than the maximum model length", "too long to fit
// into the model"), SGLang ("longer than the model's context length"), llama.cpp ("exceeds the available context size",
// "Context size has been exceeded", also with status 500), TGI ("`inputs` tokens + `max_new_tokens` must be").
const contextTooLong = new RegExp(
  [
    "context_length_exceeded",
    "exceed_context_size",
    "(maximum|available|model'?s?) context (length|size|window)",
    "context (length|size|window)( of [^.]*)? (has been |is )?exceed",
    "exceeds? (the |this )?(model'?s? )?(maximum |available )?context",
    "longer than the (maximum )?model",
    "too long to fit into the model",
    "`?inputs`? tokens \\+ `?max_new_tokens`? must be",
    "prompt is too long",
    "request too large for",
  ].join("|"),
  "i",
)
const quotaExhausted =
  /insufficient_quota|billing_hard_limit|exceeded your current quota|insufficient (credit|balance|funds)/i
const unknownModel = /model_not_found|invalid model name|the model [`'"][^`'"]*[`'"] does not exist/i
const missingModel = /model\b.{0,200}\b(does not exist|not found|is not available)|unknown model/is

/**
 * Reads an HTTP response without an answer into a fault. Its detail is the server's own text, still to be cleaned.
 */
export function faultOfStatus(status: number, headers: HeaderMap, body: string, nowMs: number): CallFault {
  const outcome = outcomeOfStatus(status, body)
  return new CallFault(outcome, `status ${status}${describe(body)}`, {
    status,
    retryAfterMs: outcome === "rate-limited" || outcome === "overloaded" ? retryAfterMs(headers, nowMs) : undefined,
  })
}

/** The same for an error object that came in place of an answer with status 200, or within a stream. */
export function faultOfErrorObject(error: unknown): CallFault {
  const body = JSON.stringify(error)
  const { code, status } = (typeof error === "object" && error !== null ? error : {}) as Record<string, unknown>
  const declared = [code, status]
    .map(Number)
    .find((number) => Number.isInteger(number) && number >= 400 && number < 600)
  const outcome = outcomeOfStatus(declared ?? 500, body)
  return new CallFault(outcome, `error in place of an answer${describe(body)}`, { status: declared })
}

function outcomeOfStatus(status: number, body: string): Outcome {
  if (status === 401 || status === 403) return "unauthorised"
  if (status === 402 || (status === 429 && quotaExhausted.test(body))) return "quota-exhausted"
  // Above the token limit of a whole minute: it would be refused for ever, as one that is above the context would.
  if (contextTooLong.test(body) && [400, 413, 422, 429, 500].includes(status)) return "context-too-long"
  if (status === 429) return "rate-limited"
  if (status === 503 || status === 529) return "overloaded"
  if (status === 404 || status === 400) {
    if (unknownModel.test(body) || (status === 404 && missingModel.test(body))) return "model-not-found"
    return status === 404 ? "wrong-address" : "bad-request"
  }
  if (status < 400 || status === 405) return "wrong-address"
  if (status === 408 || status === 409 || status === 425 || status >= 500) return "server-fault"
  return "bad-request"
}

/** The server's own message, out of the shapes in which servers wrap it. */
function describe(body: string): string {
  let message = body
  try {
    const parsed = JSON.parse(body) as Record<string, unknown> | null
    const inner = (parsed?.error ?? parsed) as Record<string, unknown> | string
    message = typeof inner === "string" ? inner : String(inner?.message ?? inner?.detail ?? body)
  } catch {
    // Not JSON: a proxy's page or plain text, shown as it is.
  }
  return message.trim() === "" ? "" : `: ${message.trim()}`
}
