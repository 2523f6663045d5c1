import { oneLine } from "../../pipelines/runtime/errors.ts"
import type { Host, Paid } from "../../pipelines/runtime/recipe.ts"
import type { ModelConfig } from "../../schemas/config.ts"
import { Budget, costOf } from "./budget.ts"
import { EmbeddedServer } from "./embedded/embedded-server.ts"
import { Endpoint } from "./endpoint.ts"
import type { EndpointEvent } from "./report.ts"

/** The endpoints of a recipe's roles, with what a run pays and shows. */
export type Roles<R extends string> = Record<R, Endpoint> & { paid: Paid[]; close(): Promise<void> }

/**
 * Makes the endpoints of a recipe's roles, with one budget for all of them; what the ledger already holds counts as spent. Nothing is
 * connected or started before the first call. Roles with the embedded model share one server.
 */
export function openEndpoints<R extends string>(
  models: Record<R, ModelConfig>,
  { budget: limits, host }: { budget: { tokens?: number | undefined; usd?: number | undefined }; host: Host },
): Roles<R> {
  const roles = Object.entries(models) as [R, ModelConfig][]
  const identities = new Map(roles.map(([role, config]) => [role, identityOf(role, config)]))
  const budget = new Budget(limits, spentSoFar(roles, identities, host))
  const embedded = new EmbeddedServer((state, message) =>
    host.report({ event: "endpoint", role: "embedded", state, message }),
  )
  const endpoints = roles.map(
    ([role, config]) =>
      [
        role,
        new Endpoint({
          role,
          config,
          identity: identities.get(role)!,
          budget,
          resolveBaseUrl: () =>
            config.baseUrl === "embedded" ? embedded.baseUrl(config.model) : Promise.resolve(config.baseUrl),
          reportedBefore: host.answered?.get(identities.get(role)!) ?? [],
          report: (event) => {
            if (event.kind === "warning") host.report({ event: "warning", message: event.message })
            const said = happeningOf(event, config.replicas.length > 0)
            if (said) host.report({ event: "endpoint", role, ...said })
          },
        }),
      ] as const,
  )
  return {
    ...(Object.fromEntries(endpoints) as Record<R, Endpoint>),
    paid: endpoints.map(([role, endpoint]) => paidOf(role, endpoint)),
    async close() {
      await Promise.all(endpoints.map(([, endpoint]) => endpoint.close()))
      await embedded.close()
    },
  }
}

/** Whose answers a role's are: declared, else the model's name; for the embedded model the digest of its weights. */
export function identityOf(role: string, { baseUrl, identity, model }: ModelConfig): string {
  if (identity !== undefined) return identity
  return baseUrl === "embedded" ? EmbeddedServer.identity(model) : (model ?? `the only model of ${role}`)
}

function spentSoFar(
  roles: readonly (readonly [string, ModelConfig])[],
  identities: ReadonlyMap<string, string>,
  { settled }: Host,
): { tokens: number; usd: number } {
  const spent = { tokens: 0, usd: 0 }
  const prices = new Map(roles.map(([role, { price }]) => [identities.get(role)!, price]))
  for (const [identity, usage] of Object.entries(settled)) {
    spent.tokens += usage.input + usage.output
    const price = prices.get(identity)
    if (price) spent.usd += costOf(usage, price)
  }
  return spent
}

const paidOf = (role: string, endpoint: Endpoint): Paid => ({
  role,
  identity: endpoint.identity,
  price: endpoint.config.price ?? null,
  limits: {
    maxInFlight: endpoint.config.maxInFlight,
    requestsPerMinute: endpoint.config.requestsPerMinute ?? null,
    tokensPerMinute: endpoint.config.tokensPerMinute ?? null,
    tokensPerSecond: endpoint.config.tokensPerSecond ?? null,
  },
  hold: (held) => endpoint.hold(held),
  counters() {
    const { inFlight, window, waiting, calls, attempts, tokens, usd, paused } = endpoint.counters()
    return {
      inFlight,
      window,
      waiting,
      calls,
      attempts,
      ...tokens,
      usd: endpoint.config.price ? usd : null,
      paused: paused?.why ?? null,
    }
  },
})

/** What a run's log says of an endpoint's event, with the server where it is one of several; single retries are counted, not told. */
function happeningOf(event: EndpointEvent, several: boolean): { state: string; message: string } | null {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
  const at = several && "server" in event ? `${event.server}: ` : ""
  switch (event.kind) {
    case "paused":
      return { state: "paused", message: oneLine(`${at}${event.why}; next try in ${seconds(event.delayMs)}`) }
    case "resumed":
      return { state: "resumed", message: oneLine(`${at}after ${seconds(event.pausedMs)}`) }
    case "stopped":
      return { state: "stopped", message: oneLine(event.why.split("\n")[0]!) }
    case "retry":
    case "warning":
      return null
  }
}
