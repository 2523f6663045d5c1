import { oneLine } from "../../pipelines/runtime/errors.ts"

/** Who answered, as the server says: stored with every answer. */
export interface Reported {
  model: string
  fingerprint: string | null
}

/** A server, by where it is now. */
export interface Located {
  readonly baseUrl: string
}

/** Changes of one server that are told; one that has a new name for each answer would else fill the log. */
const mostChanges = 8

/**
 * Who a role's servers say that they are. A vendor may change its fingerprint, so that a change is no error; but answers of other
 * weights under one identity would look alike, so that it is said: once for each new name of a server, and once for a replica that
 * begins with another name than one before it.
 */
export class ReportedModels {
  readonly #role: string
  readonly #warn: (message: string) => void
  readonly #before: readonly Reported[]
  readonly #servers = new Map<Located, { last: string; seen: Set<string> }>()

  /** `before`: who answered for this identity before this run, the latest first. */
  constructor(role: string, before: readonly Reported[], warn: (message: string) => void) {
    this.#role = role
    this.#before = before
    this.#warn = warn
  }

  /** An answer came from a server, which may move: it stays the same server then. */
  answered(server: Located, reported: Reported): void {
    const known = this.#servers.get(server)
    const name = nameOf(reported)
    if (known === undefined) {
      this.#first(server, name)
      this.#servers.set(server, { last: name, seen: new Set([name]) })
      return
    }
    if (known.last === name) return
    if (!known.seen.has(name) && known.seen.size <= mostChanges) {
      known.seen.add(name)
      this.#changed(server, known.last, name)
      if (known.seen.size > mostChanges) this.#warn(`${this.#at(server)}: further changes of its name are not told`)
    }
    known.last = name
  }

  #first(server: Located, name: string): void {
    const [latest] = this.#before
    if (this.#servers.size === 0 && latest !== undefined && !this.#before.some((each) => nameOf(each) === name))
      this.#changed(server, nameOf(latest), name)
    // One other that differs is enough to know.
    const other = this.#servers.entries().find(([, { last }]) => last !== name)
    if (other !== undefined)
      this.#warn(
        `the replicas of models.${this.#role} differ: ${hostOf(other[0])} answers as ${other[1].last}, ${hostOf(server)} as ` +
          `${name}; answers of both stand under one identity: if the weights differ, take one of them out`,
      )
  }

  #changed(server: Located, before: string, now: string): void {
    this.#warn(
      `${this.#at(server)} answered as ${before} until now, now as ${now}: ` +
        `if the weights changed, set models.${this.#role}.identity`,
    )
  }

  #at(server: Located): string {
    return `the ${this.#role} at ${hostOf(server)}`
  }
}

/** Where it is, without what may be secret. */
const hostOf = ({ baseUrl }: Located): string => (URL.canParse(baseUrl) ? new URL(baseUrl).host : "an invalid URL")

/** `QwQ-32B (fp_1)`; bounded, because a server wrote it. */
const nameOf = ({ model, fingerprint }: Reported): string =>
  oneLine(`${model === "" ? "a model without a name" : model}${fingerprint === null ? "" : ` (${fingerprint})`}`, 160)
