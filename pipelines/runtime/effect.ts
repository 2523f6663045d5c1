/**
 * Anything that reaches outside the process and whose result decides what a row becomes: a completion, a sandboxed program, a
 * retrieval. An effect is settled once, in the ledger, before its result is used; a rerun reads it from there.
 */
export interface Effect<T> {
  readonly kind: "chat" | "probe" | "sandbox" | "retrieve"
  /** Who answers: a model's identity or the digest of its weights; never a URL. */
  readonly identity: string
  /** True when the identity says nothing outside this run, such as the only model of a server: the answer is not shared. */
  readonly anonymous?: boolean
  /** The logical request as plain JSON. With kind, identity and sample it is the key. */
  readonly request: unknown
  /** Index of the sample, from 0: the same request asked again on purpose. */
  readonly sample: number
  /**
   * Does it. Resolves with plain JSON that will be settled and paid for; rejects when there is no answer to settle
   * (malformed, cut, refused connection). Called at most once per key and process at a time. `signal` ends it wherever it is;
   * `noMore` ends it where nothing is sent yet: a run that stops lets only what is under way come home. `kept` resolves once the result is on
   * disk or could not be written: whoever bounds how much is under way counts it until then, for it would have to be asked again.
   */
  perform(signal: AbortSignal, noMore?: AbortSignal, kept?: Promise<void>): Promise<Performed<T>>
}

/** A result with what it cost. */
export interface Performed<T> {
  value: T
  usage?: Usage | undefined
}

/** Tokens of one exchange, as the server counted them. */
export interface Usage {
  input: number
  output: number
}

/** A settled effect: its result after a round trip through JSON, and the id by which `inspect --exchange` finds it. */
export interface Settled<T> {
  id: string
  value: T
  usage: Usage | null
  /** True when it was already in the ledger. */
  replayed: boolean
}

/** What a program step may do to the outside. */
export interface Effects {
  /** From the ledger, else performed and written there first. Rejects with what `perform` rejects with. */
  settle<T>(effect: Effect<T>): Promise<Settled<T>>
  /** Aborted when the run must stop at once. */
  readonly signal: AbortSignal
}
