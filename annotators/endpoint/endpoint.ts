import PQueue from "p-queue"
import type { Effect, Performed, Usage } from "../../pipelines/runtime/effect.ts"
import { RowError } from "../../pipelines/runtime/errors.ts"
import { onAbort } from "../../pipelines/runtime/on-abort.ts"
import type { ModelConfig } from "../../schemas/config.ts"
import { Admission, type Admitted, type Estimate } from "./admission.ts"
import { answerOf } from "./answer.ts"
import { type Budget, costOf, type Price } from "./budget.ts"
import type { ChatAnswer, ChatRequest } from "./chat.ts"
import type { Completion } from "./completion.ts"
import { credentialsOf, isSendable } from "./credentials.ts"
import { Dialect, refusedSampling, reservedKey } from "./dialect.ts"
import { Estimator } from "./estimator.ts"
import { FaultsInARow } from "./faults-in-a-row.ts"
import { MinuteLimit } from "./limits.ts"
import { CallFault, type Outcome, policyOf } from "./outcome.ts"
import { brokeOnceConnected, paidFor } from "./paid-for.ts"
import { publicUrl, redact } from "./redact.ts"
import type { EndpointCounters, EndpointEvent } from "./report.ts"
import { type Reported, ReportedModels } from "./reported-models.ts"
import { Server } from "./server.ts"
import { sleep } from "./sleep.ts"
import {
  type Blamed,
  badBaseUrl,
  badHeader,
  keyMissing,
  reservedInExtraBody,
  samplingRefused,
  severalModels,
  stopErrorOf,
  unlistedModels,
  unreachable,
} from "./stop-errors.ts"
import { backoffMs, defaultTiming, type Timing } from "./timing.ts"
import type { Exchange } from "./transport.ts"

/** How an endpoint is opened: its model, its budget, and where its server is. */
export interface EndpointOptions {
  role: string
  config: ModelConfig
  /** Whose answers these are; with the request and the sample index the key of a settled answer. */
  identity: string
  budget: Budget
  /** The first server's base URL. Called before the first request, and again when the server cannot be reached. */
  resolveBaseUrl: () => Promise<string>
  report: (event: EndpointEvent) => void
  /** Who answered for this identity before, the latest first. */
  reportedBefore?: readonly Reported[]
  /** Where API keys are read, at each use. */
  environment?: Readonly<Record<string, string | undefined>>
  timing?: Partial<Timing>
}

/** One call from the first attempt to its end. */
interface Call {
  request: ChatRequest
  estimate: Estimate
  controller: AbortController
  /** Ends it where it waits for its place: a listener to the controller's signal for each call would cost more than its turn. */
  endWait: ((reason: unknown) => void) | null
  /** Resolves when its answer is on disk. */
  kept: Promise<void> | undefined
  /** A request is under way, which is paid for and may still be answered. */
  sent: boolean
  /** The server that it was last sent to. */
  server: Server | null
}

/** What was known when a request was sent. */
interface Sent {
  atMs: number
  responses: number
}

interface Opened {
  servers: Server[]
  admission: Admission<Server>
}

/**
 * A role's model behind one or several OpenAI-compatible servers: the only way in which anything is asked of a model. It
 * bounds the requests in flight, keeps to limits and budget, waits out overload and outages, retries what is worth
 * retrying, and ends each call with an answer fit to be settled, a RowError, or an error that stops the run.
 */
export class Endpoint {
  readonly role: string
  readonly identity: string
  readonly config: ModelConfig
  readonly #budget: Budget
  readonly #price: Price
  readonly #resolveBaseUrl: () => Promise<string>
  readonly #report: (event: EndpointEvent) => void
  readonly #environment: Readonly<Record<string, string | undefined>>
  readonly #timing: Timing
  readonly #queue: PQueue
  readonly #dialect = new Dialect()
  readonly #estimator = new Estimator()
  readonly #reported: ReportedModels
  readonly #faults = new FaultsInARow<Server>()
  readonly #thinkingOff: boolean
  readonly #active = new Set<Call>()
  readonly #backingOff = new Set<Call>()
  readonly #awake: (() => void)[] = []
  readonly #retries: Partial<Record<Outcome, number>> = {}
  readonly #tokens: Usage = { input: 0, output: 0 }
  #usd = 0
  #opened: Promise<Opened> | null = null
  #current: Opened | null = null
  #model: Promise<string> | null = null
  /** The name of the server's only model, where the config has none and it is known. */
  #onlyName: string | null = null
  #inFlight = 0
  #calls = 0
  #attempts = 0
  /** Requests that got any response at all: a server that never gave one may not be there. */
  #responses = 0
  #unreachableSinceMs: number | null = null
  #stopped: unknown = null
  #held = false
  readonly #lifetime = new AbortController()

  constructor(options: EndpointOptions) {
    const { role, config, identity, budget } = options
    this.role = role
    this.identity = identity
    this.config = config
    this.#budget = budget
    const price = config.price ?? (config.baseUrl === "embedded" ? { input: 0, output: 0 } : undefined)
    budget.requirePrice(role, price)
    this.#price = price ?? { input: 0, output: 0 }
    this.#resolveBaseUrl = options.resolveBaseUrl
    this.#report = options.report
    this.#reported = new ReportedModels(role, options.reportedBefore ?? [], (message) =>
      options.report({ role, kind: "warning", message }),
    )
    this.#environment = options.environment ?? process.env
    this.#timing = { ...defaultTiming, ...options.timing }
    this.#queue = new PQueue({ concurrency: config.maxInFlight })
    const template = config.extraBody.chat_template_kwargs as { enable_thinking?: unknown } | undefined
    this.#thinkingOff = template?.enable_thinking === false
    const reserved = reservedKey(config.extraBody)
    if (reserved !== null) throw reservedInExtraBody(role, reserved)
    const header = Object.entries(config.headers).find(([name, value]) => !isSendable(name, value))
    if (header !== undefined) throw badHeader(role, header[0])
  }

  /**
   * What of its config changes answers, for the parameters of the steps that ask it: the identity, and beside it the sampling parameters and
   * the extra body where the config sets them.
   */
  get params(): string | Record<string, unknown> {
    const { temperature, topP, extraBody } = this.config
    const set = {
      ...(temperature !== undefined && { temperature }),
      ...(topP !== undefined && { topP }),
      ...(Object.keys(extraBody).length > 0 && { extraBody }),
    }
    return Object.keys(set).length === 0 ? this.identity : { identity: this.identity, ...set }
  }

  /** Nothing in the config says whose answers these are: the server's only model, whichever that is. */
  get anonymous(): boolean {
    const { identity, model, baseUrl } = this.config
    return identity === undefined && model === undefined && baseUrl !== "embedded"
  }

  /**
   * One completion as an effect. Its request is the logical one: what changes the answer, the config's sampling parameters
   * and extra body included, and nothing else. `perform` rejects with a RowError when this row has no answer, with a
   * CotyledonError when the run must stop, and with the signal's reason when that is aborted.
   */
  chat(request: ChatRequest, sample: number): Effect<ChatAnswer> {
    const { temperature, topP, extraBody } = this.config
    const asked: ChatRequest = {
      ...request,
      temperature: temperature === undefined ? request.temperature : (temperature ?? undefined),
      topP: topP === undefined ? request.topP : (topP ?? undefined),
    }
    const defined = Object.entries({ ...asked, extraBody }).filter(([, value]) => value !== undefined)
    return {
      kind: "chat",
      identity: this.identity,
      ...(this.anonymous && { anonymous: true }),
      request: Object.fromEntries(defined),
      sample,
      perform: (signal, noMore, kept) => this.#perform(asked, signal, noMore, kept),
    }
  }

  /** Resolves when another row may be started: fewer calls wait than may be in flight. */
  async ready(): Promise<void> {
    for (;;) {
      await this.#queue.onSizeLessThan(this.#queue.concurrency)
      if (this.#stopped !== null || this.#backingOff.size < this.#queue.concurrency) return
      await new Promise<void>((resolve) => this.#awake.push(resolve))
    }
  }

  counters(): EndpointCounters {
    return {
      role: this.role,
      identity: this.identity,
      inFlight: this.#inFlight,
      // An aborted call is gone at once, its request a moment later.
      waiting: Math.max(0, this.#active.size - this.#inFlight),
      calls: this.#calls,
      attempts: this.#attempts,
      tokens: { ...this.#tokens },
      usd: this.#usd,
      retries: { ...this.#retries },
      paused: longestPause(this.#current?.servers ?? []),
      maxInFlight: this.#queue.concurrency,
      window: this.#window(),
    }
  }

  /** Requests that its servers are sent at once, by what they have shown to take. */
  #window(): number {
    const servers = this.#current?.servers ?? []
    const windows = servers.reduce((sum, { concurrency }) => sum + concurrency.window, 0)
    return Math.min(this.#queue.concurrency, servers.length === 0 ? Number.POSITIVE_INFINITY : windows)
  }

  /** Changes how many requests may be in flight; those above it run to their end. */
  setMaxInFlight(requests: number): void {
    this.#queue.concurrency = requests
    for (const { concurrency } of this.#current?.servers ?? []) concurrency.ceiling = requests
  }

  /** Held, it sends nothing new, retries included; requests in flight run to their end. */
  hold(held: boolean): void {
    this.#held = held
    this.#current?.admission.hold(held)
  }

  /** Ends whatever is under way and closes the connections. */
  async close(): Promise<void> {
    const error = new Error(`the ${this.role} endpoint was closed`)
    this.#endWith(error)
    this.#lifetime.abort(error)
    for (const call of this.#active) endCall(call, error)
    const closeAll = ({ servers }: Opened) => Promise.all(servers.map((server) => server.close()))
    if (this.#current !== null) await closeAll(this.#current)
    // A server that is still being started belongs to whoever starts it; what connects to it is closed when it is there.
    else this.#opened?.then(closeAll, () => {})
  }

  async #perform(
    request: ChatRequest,
    signal: AbortSignal,
    noMore?: AbortSignal,
    kept?: Promise<void>,
  ): Promise<Performed<ChatAnswer>> {
    signal.throwIfAborted()
    noMore?.throwIfAborted()
    const call: Call = {
      request,
      estimate: this.#estimator.of(request),
      controller: new AbortController(),
      endWait: null,
      kept,
      sent: false,
      server: null,
    }
    const leave = onAbort(signal, () => endCall(call, signal.reason))
    const leaveNoMore =
      noMore &&
      onAbort(noMore, () => {
        if (!call.sent) endCall(call, noMore.reason)
      })
    this.#active.add(call)
    try {
      return await this.#untilEnded(call, noMore)
    } finally {
      leave()
      leaveNoMore?.()
      this.#active.delete(call)
    }
  }

  /** Attempts until there is an answer or no further attempt is due: the table of `outcome.ts`, put into effect. */
  async #untilEnded(call: Call, noMore: AbortSignal | undefined): Promise<Performed<ChatAnswer>> {
    const unsendable = call.request.messages.some(({ content }) => !content.isWellFormed())
    if (unsendable) throw new RowError("bad-request", "a lone surrogate in the prompt cannot be sent as UTF-8")
    for (let faults = 0; ; ) {
      const end = await this.#attemptInTurn(call)
      if (!(end instanceof CallFault)) {
        this.#calls++
        return end
      }
      const { outcome, message } = end
      const policy = policyOf(outcome)
      if (policy.action !== "stop" && policy.action !== "fail") noMore?.throwIfAborted()
      if (policy.action === "stop") throw this.#stop(stopErrorOf(this.#blamedFor(call), end, policy.remedy))
      const refused = outcome === "bad-request" ? refusedSampling(call.request, message) : null
      if (refused !== null) throw this.#stop(samplingRefused(this.#blamedFor(call), refused, end))
      if (policy.action === "fail") throw new RowError(outcome, message)
      if (policy.action === "retry" && ++faults >= this.config.attempts)
        throw new RowError(outcome, `${message} (${faults} attempts)`, { retryable: true })
      this.#retries[outcome] = (this.#retries[outcome] ?? 0) + 1
      if (policy.action !== "retry") continue
      const delayMs = backoffMs(this.#timing, faults)
      this.#report({ role: this.role, kind: "retry", outcome, detail: message, attempt: faults, delayMs })
      await this.#backOff(call, delayMs)
    }
  }

  /**
   * An attempt, when there is a place for it. One that was answered keeps its place until the answer is on disk: so a kill, or a disk that
   * fails, loses no more than `maxInFlight` answers, which are asked for again.
   */
  #attemptInTurn(call: Call): Promise<Performed<ChatAnswer> | CallFault> {
    return new Promise((resolve, reject) => {
      call.endWait = reject
      const attempt = async () => {
        call.endWait = null
        call.controller.signal.throwIfAborted()
        const end = await this.#attempt(call)
        resolve(end)
        if (!(end instanceof CallFault)) await call.kept
      }
      this.#queue.add(attempt).catch(reject)
    })
  }

  /** One request, from its admission to its end. A fault is a result: the caller decides about it. */
  async #attempt(call: Call): Promise<Performed<ChatAnswer> | CallFault> {
    if (this.#stopped !== null) throw this.#stopped
    const { admission } = await this.#open()
    const admitted = await admission.enter(call.estimate, call.controller.signal)
    const { target, pass, reservation } = admitted
    const sent: Sent = { atMs: Date.now(), responses: this.#responses }
    let used: Usage = { input: 0, output: 0 }
    this.#inFlight++
    this.#attempts++
    call.sent = true
    call.server = target
    try {
      const exchange = this.#exchange(call)
      const completion = await this.#send(call, admitted, exchange)
      used = completion.usage ?? call.estimate.upper
      const { answer } = answerOf(completion, {
        maxTokens: call.request.maxTokens,
        thinkingOff: this.#thinkingOff,
        secrets: exchange.secrets,
      })
      this.#responses++
      this.#reported.answered(target, answer)
      this.#faults.answered(target)
      this.#answered(admitted, Date.now())
      if (completion.waitedMs !== null) target.streamed(completion.waitedMs, Date.now() - sent.atMs)
      this.#estimator.learn(used.output)
      return { value: answer, usage: completion.usage }
    } catch (error) {
      if (!(error instanceof CallFault)) {
        target.breaker.left(pass)
        // Not a way in which calls end: the server could not be started again, the key is missing, or a defect of ours.
        throw call.controller.signal.aborted ? error : this.#stop(error)
      }
      used = paidFor(error, call.estimate.upper)
      return this.#judge(error, admitted, sent)
    } finally {
      call.sent = false
      this.#inFlight--
      target.inFlight--
      this.#tokens.input += used.input
      this.#tokens.output += used.output
      this.#usd += costOf(used, this.#price)
      admission.settleTokens(call.estimate, used.input + used.output)
      reservation.settle(used)
      admission.advance()
    }
  }

  /** Sends the request; once more where the server's refusal shows how it wants it written. */
  async #send(call: Call, { target }: Admitted<Server>, exchange: Exchange): Promise<Completion> {
    const transport = await target.transport()
    const { request } = call
    const model = this.config.model ?? (await this.#onlyModel(target, exchange))
    const maxBytes = 1024 * 1024 + request.maxTokens * (1_024 + 512 * (request.topLogprobs ?? 0))
    for (let rewrites = 0; ; rewrites++) {
      const body = this.#dialect.body(request, model, this.config)
      try {
        return await transport.complete(body, exchange, maxBytes)
      } catch (error) {
        const refused = error instanceof CallFault && error.outcome === "bad-request" && rewrites < 3
        if (!refused || !this.#dialect.learn(body, error.message)) throw error
      }
    }
  }

  /** Tells the breaker about a fault, and says which fault it was in the light of how others fare. */
  #judge(fault: CallFault, admitted: Admitted<Server>, sent: Sent): CallFault {
    const { target, pass } = admitted
    const nowMs = Date.now()
    const { servers } = this.#current!
    if (fault.outcome === "outage") {
      target.renew()
      // The server took the request, and answered others meanwhile or worked on it: it is there, and it is this request that
      // breaks (or a proxy that cuts long ones). Waiting for the server would be waiting for ever.
      const worked = this.#responses > sent.responses || nowMs - sent.atMs > this.#timing.admittedAfterMs
      if (worked && brokeOnceConnected(fault)) {
        const cut = new CallFault("connection-cut", fault.message)
        if (this.#faults.failed(target, servers)) target.breaker.refused(pass, cut.outcome, undefined, nowMs)
        else this.#answered(admitted, nowMs)
        return cut
      }
      this.#unreachableSinceMs ??= nowMs
      const neverThere = this.#responses === 0
      target.breaker.refused(pass, fault.outcome, undefined, nowMs, neverThere ? 2 * this.#timing.pauseMs : undefined)
      // Another one may have work that takes an hour.
      const noneThere = neverThere && servers.every(({ breaker }) => breaker.paused !== null)
      if (noneThere && nowMs - this.#unreachableSinceMs >= this.#timing.unreachableMs)
        throw this.#stop(unreachable(this.#blamed, fault))
      return fault
    }
    const isBroken = policyOf(fault.outcome).action === "retry" && this.#faults.failed(target, servers)
    if (fault.outcome !== "timed-out-waiting") this.#responses++
    if (isBroken) target.breaker.refused(pass, fault.outcome, undefined, nowMs)
    else if (fault.outcome === "timed-out-waiting") target.breaker.left(pass)
    else if (policyOf(fault.outcome).action !== "wait") this.#answered(admitted, nowMs)
    else {
      const atItsLimit = target.concurrency.refused(target.inFlight - 1, sent.atMs, nowMs)
      // A server that serves others has no room for more: fewer at once is all that it needs. One that names a time is waited for.
      if (atItsLimit && fault.retryAfterMs === undefined && target.breaker.open) target.breaker.left(pass)
      else target.breaker.refused(pass, fault.outcome, fault.retryAfterMs, nowMs)
    }
    return fault
  }

  #answered({ target, pass }: Admitted<Server>, nowMs: number): void {
    target.concurrency.answered(target.inFlight, nowMs)
    target.breaker.answered(pass, target.concurrency.window, nowMs)
  }

  #exchange({ controller }: Call): Exchange {
    const { timeoutMs, idleTimeoutMs } = this.config
    const credentials = credentialsOf(this.config, this.#environment)
    if ("variable" in credentials) throw this.#stop(keyMissing(this.#blamed, credentials.variable, !credentials.empty))
    return { ...credentials, signal: controller.signal, timeoutMs, idleTimeoutMs }
  }

  /** The server's only model, where the config names none. */
  #onlyModel(target: Server, exchange: Exchange): Promise<string> {
    this.#model ??= target
      .transport()
      .then((transport) => transport.models({ ...exchange, signal: this.#lifetime.signal }))
      .then((names) => {
        const [only, ...others] = names
        if (only !== undefined && others.length === 0) {
          this.#onlyName = redact(only, exchange.secrets)
          return only
        }
        throw this.#stop(
          severalModels(
            this.#blamed,
            names.map((name) => redact(name, exchange.secrets)),
          ),
        )
      })
      .catch((error: unknown) => {
        this.#model = null
        if (!(error instanceof CallFault) || error.outcome !== "wrong-address") throw error
        throw this.#stop(unlistedModels(this.#blamed, error))
      })
    return this.#model
  }

  #open(): Promise<Opened> {
    this.#opened ??= this.#resolveBaseUrl().then(
      (first) => {
        const now = Date.now()
        const urls = [first, ...this.config.replicas]
        const bad = urls.findIndex((url) => !isHttpUrl(url))
        if (bad !== -1) throw this.#stop(badBaseUrl(this.role, bad === 0 ? "baseUrl" : `replicas.${bad - 1}`))
        const { replicas, requestsPerMinute, tokensPerMinute } = this.config
        const server = (baseUrl: string, resolve: () => Promise<string>) =>
          new Server(baseUrl, resolve, this.#timing, this.#queue.concurrency, (event, url) =>
            this.#report({ role: this.role, server: publicUrl(url), ...event }),
          )
        const servers = [server(first, this.#resolveBaseUrl), ...replicas.map((url) => server(url, async () => url))]
        const admission = new Admission({
          targets: servers,
          budget: this.#budget,
          price: this.#price,
          requests: requestsPerMinute === undefined ? null : new MinuteLimit(requestsPerMinute, now),
          tokens: tokensPerMinute === undefined ? null : new MinuteLimit(tokensPerMinute, now),
        })
        admission.hold(this.#held)
        for (const each of servers) each.watch()
        this.#current = { servers, admission }
        if (this.#stopped !== null) admission.close(this.#stopped)
        return this.#current
      },
      (error: unknown) => {
        throw this.#stop(error)
      },
    )
    return this.#opened
  }

  /** Waits outside of the gate, so that another call can go meanwhile. */
  async #backOff(call: Call, delayMs: number): Promise<void> {
    const { signal } = call.controller
    if (this.#stopped !== null) throw this.#stopped
    signal.throwIfAborted()
    this.#backingOff.add(call)
    try {
      await sleep(delayMs, signal)
    } finally {
      this.#backingOff.delete(call)
      for (const wake of this.#awake.splice(0)) wake()
    }
  }

  /** From now on every call ends with the first such error; requests in flight may still bring their answers home. */
  #stop(error: unknown): unknown {
    if (this.#stopped === null) {
      this.#report({ role: this.role, kind: "stopped", why: error instanceof Error ? error.message : String(error) })
      this.#endWith(error)
    }
    return this.#stopped
  }

  #endWith(error: unknown): void {
    this.#stopped ??= error
    this.#current?.admission.close(this.#stopped)
    for (const call of this.#backingOff) call.controller.abort(this.#stopped)
    for (const wake of this.#awake.splice(0)) wake()
  }

  get #blamed(): Blamed {
    const baseUrls = (this.#current?.servers ?? []).map(({ baseUrl }) => baseUrl)
    return { role: this.role, config: this.config, baseUrls }
  }

  /** The server that a call ended at, alone, and the model that it was asked for. */
  #blamedFor({ server }: Call): Blamed {
    return { ...this.#blamed, ...(server && { baseUrls: [server.baseUrl] }), model: this.#onlyName ?? undefined }
  }
}

/** Ends a call wherever it is. */
function endCall({ controller, endWait }: Call, reason: unknown): void {
  controller.abort(reason)
  endWait?.(reason)
}

const isHttpUrl = (url: string): boolean => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)

function longestPause(servers: readonly Server[]): { untilMs: number; why: string } | null {
  const pauses = servers.map(({ breaker }) => breaker.paused)
  if (pauses.length === 0 || pauses.includes(null)) return null
  return pauses.reduce((longest, pause) => (pause!.untilMs > longest!.untilMs ? pause : longest))
}
