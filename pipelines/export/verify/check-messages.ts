import type { HandoffManifest } from "../../../schemas/handoff-manifest.ts"
import type { MessagesRow } from "../../../schemas/messages-row.ts"
import { messagesView } from "../messages-view.ts"
import type { SampleEncoder } from "../sample-encoder.ts"
import type { SoundSample } from "../sample-fault.ts"
import type { Findings } from "./findings.ts"
import { FolderRows } from "./folder-rows.ts"

/** The messages view: the same samples in the same order. */
export class MessagesCheck {
  readonly #encoder: SampleEncoder
  readonly #findings: Findings
  readonly #rows: FolderRows<MessagesRow>
  /** Ids of both sides from where they part. */
  #parted: { at: string; path: string; samples: string[]; view: string[] } | null = null

  constructor(folder: string, manifest: HandoffManifest, encoder: SampleEncoder, findings: Findings) {
    this.#encoder = encoder
    this.#findings = findings
    this.#rows = new FolderRows<MessagesRow>({ folder, manifest, view: "messages" }, findings)
  }

  /** Takes the sample's row; a promise where that has to be waited for. */
  next(samplePath: string, id: string, sample: SoundSample | null): Promise<void> | undefined {
    if (this.#parted) {
      this.#parted.samples.push(id)
      return undefined
    }
    const row = this.#rows.next()
    if (row instanceof Promise) return row.then((row) => this.#compare(samplePath, id, sample, row))
    this.#compare(samplePath, id, sample, row)
    return undefined
  }

  #compare(samplePath: string, id: string, sample: SoundSample | null, row: MessagesRow | null): void {
    if (!row || row.id !== id) {
      this.#parted = { at: id, path: samplePath, samples: [id], view: row ? [String(row.id)] : [] }
      return
    }
    if (!sample) return
    const { path } = this.#rows
    const expected = messagesView(sample, this.#encoder.systemWithTools)
    if (row.enable_thinking !== sample.enable_thinking)
      this.#findings.add(path, "messages", "its mode is not that of the sample in sft/", id)
    const turn = differingTurn(expected, row.messages)
    if (turn !== null) this.#findings.add(path, "messages", `turn ${turn} is not that of the sample in sft/`, id)
  }

  async close(): Promise<void> {
    await this.#rows.close()
  }

  async end(): Promise<void> {
    const rest: string[] = []
    let path = "messages"
    for (let row = await this.#rows.next(); row; row = await this.#rows.next()) {
      rest.push(String(row.id))
      path = this.#rows.path
    }
    if (!this.#parted) {
      for (const id of rest) this.#findings.add(path, "messages", "there is no such sample in sft/", id)
      return
    }
    const { at, samples } = this.#parted
    const view = [...this.#parted.view, ...rest]
    const [inSamples, inView] = [new Set(samples), new Set(view)]
    const [onlySamples, onlyView] = [samples.filter((id) => !inView.has(id)), view.filter((id) => !inSamples.has(id))]
    for (const id of onlySamples) this.#findings.add(this.#parted.path, "messages", "messages/ has no such row", id)
    for (const id of onlyView) this.#findings.add(path, "messages", "sft/ has no such row", id)
    if (onlySamples.length + onlyView.length === 0)
      this.#findings.add(this.#parted.path, "messages", "from here the rows of messages/ stand in another order", at)
  }
}

function differingTurn(expected: readonly { role: string; content: string }[], got: unknown): number | null {
  const turns = Array.isArray(got) ? (got as ({ role?: unknown; content?: unknown } | null)[]) : []
  for (let at = 0; at < Math.max(expected.length, turns.length); at++)
    if (expected[at]?.role !== turns[at]?.role || expected[at]?.content !== turns[at]?.content) return at + 1
  return null
}
