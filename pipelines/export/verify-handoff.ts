// Proves that a handoff is what was written: name, hashes, counts, tokens, probes, what follows from what, and what trainers received.
import { createHash } from "node:crypto"
import { readdir, readFile, realpath } from "node:fs/promises"
import { basename, join } from "node:path"
import { type HandoffManifest, handoffManifest } from "../../schemas/handoff-manifest.ts"
import { CotyledonError, usageError } from "../runtime/errors.ts"
import { openSampleEncoder, type SampleEncoder } from "./sample-encoder.ts"
import { checkColumns } from "./verify/check-columns.ts"
import { checkCounts } from "./verify/check-counts.ts"
import { checkFiles, type Hashed } from "./verify/check-files.ts"
import { checkProbes } from "./verify/check-probes.ts"
import { checkReceipts } from "./verify/check-receipts.ts"
import { checkRejected } from "./verify/check-rejected.ts"
import { checkSamples } from "./verify/check-samples.ts"
import { checkTexts } from "./verify/check-texts.ts"
import { type Finding, Findings } from "./verify/findings.ts"
import { messageOf } from "./verify/shard-rows.ts"

/** How much of a handoff is read. */
export interface VerifyHandoffOptions {
  /**
   * Whether every row is read and encoded anew, or the probes alone. By default all are read where that takes about a minute (50,000 samples
   * and 128 MB), and where a file is not what it was, so that its rows are named.
   */
  readonly rows?: "all" | "probes" | undefined
  /** Hears how many samples were checked, now and then. */
  readonly onProgress?: ((rows: number) => void) | undefined
}

/** What was found out about one handoff. */
export interface HandoffReport {
  readonly path: string
  readonly sha256: string
  /** True when nothing was found. */
  readonly whole: boolean
  readonly findings: readonly Finding[]
  /** Findings that are not told, because there are many of a kind. */
  readonly untold: number
  readonly hashed: Hashed
  /** Samples that were read one by one; 0 where only the probes were. */
  readonly samples: number
  readonly tokens: number
  readonly probes: number
  readonly receipts: number
}

/**
 * Verifies the handoff in a folder, or all handoffs that stand in it. Rejects with a usageError where there is none; everything that
 * is wrong with one is a finding.
 */
export async function verifyHandoffs(folder: string, options: VerifyHandoffOptions = {}): Promise<HandoffReport[]> {
  const reports: HandoffReport[] = []
  for (const path of await handoffsIn(folder)) reports.push(await verifyHandoff(path, options))
  return reports
}

const isDigest = (name: string): boolean => /^[0-9a-f]{64}$/.test(name)

async function handoffsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => null)
  if (!entries)
    throw usageError({ what: "There is no folder here", where: folder, expected: "a handoff, or a folder of handoffs" })
  if (entries.some(({ name }) => name === "manifest.json") || isDigest(basename(await realpath(folder))))
    return [folder]
  const inside = entries
    .filter((entry) => entry.isDirectory() && isDigest(entry.name))
    .map(({ name }) => join(folder, name))
    .sort()
  if (inside.length > 0) return inside
  throw usageError({
    what: "There is no handoff here",
    where: folder,
    expected:
      "a folder with manifest.json, as `cotyledon handoff RUN --to DIR` leaves it, or one that holds such folders",
  })
}

async function verifyHandoff(folder: string, { rows, onProgress }: VerifyHandoffOptions): Promise<HandoffReport> {
  const findings = new Findings()
  const name = basename(await realpath(folder))
  const { manifest, sha256 } = await readHandoffManifest(folder, name, findings)
  const report = (seen: Partial<HandoffReport>): HandoffReport => ({
    path: folder,
    sha256,
    whole: findings.total === 0,
    findings: findings.list,
    untold: findings.untold,
    hashed: { files: 0, bytes: 0, milliseconds: 0 },
    samples: 0,
    tokens: 0,
    probes: 0,
    receipts: 0,
    ...seen,
  })
  if (!manifest) return report({})
  checkCounts(manifest, findings)
  const hashed = await checkFiles(folder, manifest, findings)
  await checkTexts(folder, manifest, findings)
  await checkColumns(folder, manifest, findings)
  const encoder = await carriedEncoder(folder, manifest, findings)
  const seen = { samples: 0, tokens: 0, probes: 0 }
  if (encoder) {
    seen.probes = manifest.probes.length
    await checkProbes(folder, manifest, { encoder, findings })
    if (rows === "all" || (rows === undefined && (isSmall(manifest) || findings.total > 0))) {
      let read = 0
      const onRow = () => {
        if (++read % 1_000 === 0) onProgress?.(read)
      }
      const samples = await checkSamples(folder, manifest, { encoder, findings, onRow })
      seen.samples = samples.rows
      seen.tokens = samples.tokens
      // It brings every verifier along, which nothing else here needs.
      const { checkPrompts } = await import("./verify/check-prompts.ts")
      await checkPrompts(folder, manifest, { encoder, samples, findings })
      await checkRejected(folder, manifest, findings)
    }
  }
  const receipts = await checkReceipts(folder, sha256, manifest, findings)
  return report({ hashed, receipts, ...seen })
}

const isSmall = ({ rows, shards }: HandoffManifest): boolean =>
  rows.written <= 50_000 && shards.reduce((sum, { bytes }) => sum + bytes, 0) <= 128_000_000

/** The manifest, with findings on its name and form; null where nothing can be read from it. */
async function readHandoffManifest(
  folder: string,
  name: string,
  findings: Findings,
): Promise<{ manifest: HandoffManifest | null; sha256: string }> {
  const path = "manifest.json"
  const bytes = await readFile(join(folder, path)).catch(() => null)
  if (!bytes) {
    findings.add(path, "missing", "the file is missing")
    return { manifest: null, sha256: name }
  }
  const sha256 = createHash("sha256").update(bytes).digest("hex")
  let json: unknown = null
  let fault: string | null = null
  try {
    json = JSON.parse(bytes.toString("utf8"))
  } catch (error) {
    fault = `it is no JSON: ${(error as Error).message}`
  }
  const read = handoffManifest.safeParse(json)
  const [issue] = read.error?.issues ?? []
  fault ??= issue ? `${issue.path.join(".") || "it"}: ${issue.message}` : null
  if (fault !== null && !isDigest(name))
    throw usageError({
      what: "The folder is no handoff of ours",
      where: join(folder, path),
      expected: "the manifest of a handoff",
      got: fault,
    })
  if (name !== sha256)
    findings.add(
      path,
      "name",
      `its SHA-256 is ${sha256}, the folder's name is ${name}: the manifest or the name was changed`,
    )
  if (fault !== null) findings.add(path, "manifest", fault)
  return { manifest: read.data ?? null, sha256 }
}

async function carriedEncoder(
  folder: string,
  manifest: HandoffManifest,
  findings: Findings,
): Promise<SampleEncoder | null> {
  const stock = manifest.files.find(
    ({ path, sha256 }) => path.startsWith("templates/") && sha256 === manifest.template.stock_sha256,
  )
  if (!stock) return null
  try {
    const encoder = await openSampleEncoder({
      tokenizer: join(folder, "tokenizer/tokenizer.json"),
      template: join(folder, stock.path),
      emptyThinkLoss: manifest.template.empty_think_loss,
    })
    const { vocab_size, eos_token_id, pad_token_id } = manifest.tokenizer
    const { tokenizer, endOfTurn, endOfDocument } = encoder
    if (tokenizer.vocabSize !== vocab_size || endOfTurn !== eos_token_id || endOfDocument !== pad_token_id)
      findings.add(
        "tokenizer/tokenizer.json",
        "tokenizer",
        `expected ${vocab_size} entries, ends ${eos_token_id} and ${pad_token_id}; got ${tokenizer.vocabSize}, ${endOfTurn} and ${endOfDocument}`,
      )
    return encoder
  } catch (error) {
    if (!(error instanceof CotyledonError)) throw error
    findings.add("tokenizer", "tokenizer", messageOf(error))
    return null
  }
}
