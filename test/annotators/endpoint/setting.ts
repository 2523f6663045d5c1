import { afterEach } from "vitest"
import { Budget } from "../../../annotators/endpoint/budget.ts"
import type { ChatRequest } from "../../../annotators/endpoint/chat.ts"
import { Endpoint, type EndpointOptions } from "../../../annotators/endpoint/endpoint.ts"
import type { EndpointEvent } from "../../../annotators/endpoint/report.ts"
import type { Timing } from "../../../annotators/endpoint/timing.ts"
import type { Effect, Effects, Settled } from "../../../pipelines/runtime/effect.ts"
import type { CotyledonError } from "../../../pipelines/runtime/errors.ts"
import { type ModelConfig, modelConfig } from "../../../schemas/config.ts"
import { ModelServer, type Reply } from "./server.ts"

/** Waits short enough for tests; their proportions are those of the defaults. */
export const quick: Partial<Timing> = {
  backoffMs: 5,
  backoffCapMs: 40,
  pauseMs: 20,
  pauseCapMs: 200,
  admittedAfterMs: 500,
  unreachableMs: 300,
  // Servers of tests know completions alone.
  metricsMs: 600_000,
}

export interface Setting {
  server: ModelServer
  endpoint: Endpoint
  events: EndpointEvent[]
}

const open: { server: ModelServer; endpoints: Endpoint[] }[] = []

afterEach(async () => {
  for (const { server, endpoints } of open.splice(0)) {
    for (const endpoint of endpoints) await endpoint.close()
    await server.stop().catch(() => {})
  }
})

type Options = Partial<Omit<EndpointOptions, "config">> & { config?: Partial<ModelConfig> }

export function endpointTo(server: ModelServer, options: Options = {}): Setting {
  const events: EndpointEvent[] = []
  const { config: { headers = {}, ...config } = {}, ...rest } = options
  const endpoint = new Endpoint({
    role: "drafter",
    // A config refuses headers that may hold a secret; the endpoint must keep them to itself all the same.
    config: { ...modelConfig.parse({ baseUrl: server.url, model: "tiny", ...config }), headers },
    identity: "tiny@1",
    budget: new Budget(),
    resolveBaseUrl: async () => server.url,
    report: (event) => events.push(event),
    environment: {},
    timing: quick,
    ...rest,
  })
  open.push({ server, endpoints: [endpoint] })
  return { server, endpoint, events }
}

/** A running server with an endpoint to it; both end with the test. */
export async function setUp(reply?: Reply, options: Options = {}): Promise<Setting> {
  return endpointTo(await new ModelServer(reply).start(), options)
}

export const ask = (content = "Say something.", more: Partial<ChatRequest> = {}): ChatRequest => ({
  messages: [{ role: "user", content }],
  maxTokens: 64,
  ...more,
})

export const never = new AbortController().signal

/** Performs one chat. */
export const chat = (endpoint: Endpoint, content?: string, more?: Partial<ChatRequest>, signal: AbortSignal = never) =>
  endpoint.chat(ask(content, more), 0).perform(signal)

/** What a promise rejects with. */
export async function failure(
  promise: Promise<unknown>,
): Promise<Error & { reason?: string; retryable?: boolean; exit?: number }> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error("expected a rejection, got an answer")
}

/** Everything that an error for the user says. */
export const told = (error: unknown): string => Object.values((error as CotyledonError).complaint).join("\n")

/** Stands in for the runtime's ledger: settles effects in memory, by the same key. */
export class MemoryEffects implements Effects {
  readonly signal = never
  readonly settled = new Map<string, Settled<unknown>>()

  async settle<T>(effect: Effect<T>): Promise<Settled<T>> {
    const id = JSON.stringify([effect.kind, effect.identity, effect.request, effect.sample])
    const known = this.settled.get(id)
    if (known !== undefined) return { ...known, replayed: true } as Settled<T>
    const { value, usage } = await effect.perform(this.signal)
    const settled = { id, value: JSON.parse(JSON.stringify(value)) as T, usage: usage ?? null, replayed: false }
    this.settled.set(id, settled)
    return settled
  }
}

/** Resolves once `condition` holds; the test's own time limit bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2))
}

export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
