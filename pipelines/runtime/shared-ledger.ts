// A ledger that several runs read and add to, so that the same question to the same model is paid once in the house. It holds
// copies: a run keeps its own ledger whole and never needs the shared one again for what it used. Losing the folder (a mount that goes
// away, a full disk) therefore costs no run anything but the sharing: it is said once, and the run goes on alone.
//
// Who asks something takes a claim first: a file named after the key, made with O_EXCL, that names its owner. Another process that wants the
// same waits for the answer or for the claim to go. The claim of an owner that is dead is taken over.
import { randomUUID } from "node:crypto"
import { open, readFile, rename, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { makeFolder, temporaryName } from "./disk.ts"
import { CotyledonError } from "./errors.ts"
import type { Digest } from "./fingerprint.ts"
import { Ledger, type LedgerRecord } from "./ledger.ts"
import { Lock, ownerOf } from "./lock.ts"

/** Held while one process asks what others may want too. */
export interface Claim {
  release(): Promise<void>
}

/** How long one waits between two looks for an answer that another process is paying for. */
const pollMs = 250

export class SharedLedger {
  readonly folder: string
  readonly #say: (message: string) => void
  readonly #ledger: Ledger
  readonly #writes: boolean
  /** This process among those who claim. */
  readonly #owner: { name: string; lock: Lock } | null
  #lost = false
  #refreshing: Promise<void> | null = null
  #nextRefresh: Promise<void> | null = null

  private constructor(
    folder: string,
    ledger: Ledger,
    owner: { name: string; lock: Lock } | null,
    say: (message: string) => void,
  ) {
    this.folder = folder
    this.#ledger = ledger
    this.#owner = owner
    this.#writes = owner !== null
    this.#say = say
  }

  /**
   * Opens a shared ledger; makes it where it is missing. One that cannot be written to is read; one that cannot be reached is null. Both
   * are said, and cost the run nothing but the sharing.
   */
  static async open(folder: string, say: (message: string) => void): Promise<SharedLedger | null> {
    try {
      const owner = await becomeOwner(folder)
      const ledger = await openTidy(folder)
      return new SharedLedger(folder, ledger, owner, say)
    } catch (error) {
      try {
        await stat(join(folder, "answers"))
        const ledger = await Ledger.open(join(folder, "answers"), "read")
        say(`The shared ledger ${folder} can only be read (${reasonOf(error)}): answers are taken from it, none added`)
        return new SharedLedger(folder, ledger, null, say)
      } catch (unread) {
        say(`The shared ledger ${folder} cannot be reached (${reasonOf(unread)}): this run goes on without it`)
        return null
      }
    }
  }

  /** The settled effect of a key, as far as it is known here. */
  get(key: Digest): LedgerRecord | null {
    if (this.#lost) return null
    try {
      return this.#ledger.get(key)
    } catch (error) {
      this.#lose(error)
      return null
    }
  }

  /**
   * Waits until this process may ask for a key: resolves with the answer where another process settles it meanwhile, else with the
   * claim, which must be released. Rejects when the signal is aborted.
   */
  async claim(key: Digest, signal: AbortSignal): Promise<LedgerRecord | Claim> {
    const path = join(this.folder, "claims", key.slice(0, 40))
    while (!this.#lost && this.#owner) {
      signal.throwIfAborted()
      try {
        if (await this.#take(path)) {
          // Somebody may have settled it since we looked: what was settled before the claim was free is on disk.
          await this.#refresh()
          const known = this.get(key)
          if (!known) return { release: () => this.#release(path) }
          await this.#release(path)
          return known
        }
        await sleep(pollMs, signal)
        await this.#refresh()
        const known = this.get(key)
        if (known) return known
      } catch (error) {
        signal.throwIfAborted()
        this.#lose(error)
      }
    }
    // Read only: what others add meanwhile is found all the same.
    if (!this.#lost) await this.#refresh().catch((error) => this.#lose(error))
    return this.get(key) ?? { release: async () => {} }
  }

  /** Adds what this run settled. Never rejects: the run has the answer already. */
  async add(record: LedgerRecord, json: { request: string; value: string }): Promise<void> {
    if (!this.#writes || this.#lost) return
    try {
      await this.#ledger.append(record, json)
    } catch (error) {
      this.#lose(error)
    }
  }

  async close(): Promise<void> {
    await this.#ledger.close().catch(() => {})
    if (!this.#owner) return
    await this.#owner.lock.release().catch(() => {})
    await rm(join(this.folder, "owners", this.#owner.name), { recursive: true, force: true }).catch(() => {})
  }

  #lose(error: unknown): void {
    if (this.#lost) return
    this.#lost = true
    this.#say(`The shared ledger ${this.folder} is lost (${reasonOf(error)}): this run goes on without it`)
  }

  /** Takes in what others have added. Callers that come while one is under way share the next: it begins after they asked. */
  #refresh(): Promise<void> {
    if (!this.#refreshing) {
      this.#refreshing = this.#ledger.refresh().finally(() => {
        this.#refreshing = null
      })
      return this.#refreshing
    }
    this.#nextRefresh ??= this.#refreshing
      .catch(() => {})
      .then(() => {
        this.#nextRefresh = null
        return this.#refresh()
      })
    return this.#nextRefresh
  }

  async #take(path: string): Promise<boolean> {
    try {
      const file = await open(path, "wx", 0o600)
      try {
        await file.writeFile(this.#owner!.name)
      } finally {
        await file.close()
      }
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
      await this.#removeDead(path)
      return false
    }
  }

  /** Removes a claim whose owner is dead. One of several who find it so gets it by renaming it. */
  async #removeDead(path: string): Promise<void> {
    const owner = await readFile(path, "utf8").catch(() => null)
    // An empty claim is being written, or its writer died over it: the next look tells.
    if (owner === null || (owner === "" && !(await isOld(path)))) return
    if (owner !== "" && (await ownerOf(join(this.folder, "owners", owner)))) return
    const aside = temporaryName(path)
    if (
      !(await rename(path, aside).then(
        () => true,
        () => false,
      ))
    )
      return
    const taken = await readFile(aside, "utf8").catch(() => owner)
    // Between our look and the rename another process had taken over: it gets its claim back.
    if (taken !== owner) await writeFile(path, taken, { flag: "wx", mode: 0o600 }).catch(() => {})
    await rm(aside, { force: true })
  }

  async #release(path: string): Promise<void> {
    await rm(path, { force: true }).catch(() => {})
  }
}

async function becomeOwner(folder: string): Promise<{ name: string; lock: Lock }> {
  const name = randomUUID()
  await makeFolder(join(folder, "claims"))
  await makeFolder(join(folder, "owners", name))
  const lock = await Lock.take(join(folder, "owners", name))
  if (!(lock instanceof Lock)) throw new Error("A random name was taken")
  return { name, lock }
}

/** One at a time indexes what others left behind. */
async function openTidy(folder: string): Promise<Ledger> {
  const answers = join(folder, "answers")
  const lock = await Lock.take(join(folder, "locks", "index"))
  if (!(lock instanceof Lock)) return Ledger.open(answers, "append")
  try {
    return await Ledger.open(answers, "tidy")
  } finally {
    await lock.release()
  }
}

/** Whether a claim has stood for a minute. */
async function isOld(path: string): Promise<boolean> {
  const file = await open(path, "r").catch(() => null)
  if (!file) return false
  try {
    return Date.now() - (await file.stat()).mtimeMs > 60_000
  } finally {
    await file.close()
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort)
      resolve()
    }, ms)
    signal.addEventListener("abort", onAbort, { once: true })
  })
}

const reasonOf = (error: unknown): string => {
  const cause = error instanceof CotyledonError ? (error.cause ?? error) : error
  return (cause as NodeJS.ErrnoException)?.code ?? (cause as Error)?.message?.split("\n")[0] ?? String(cause)
}
