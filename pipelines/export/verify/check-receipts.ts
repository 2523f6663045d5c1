import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import type { HandoffManifest } from "../../../schemas/handoff-manifest.ts"
import { type Receipt, receipt } from "../../../schemas/receipt.ts"
import type { Findings } from "./findings.ts"

/** Whose receipts `verify_handoff.py` writes where it is told of no trainer. */
const verification = "verification"

/**
 * The receipts that trainers wrote: each must be of this manifest and of files with its hashes, must account for every sample, must have
 * found every probe, and must not call itself better than it is. The last word of a trainer must not be a rejection. Returns how many
 * there are.
 */
export async function checkReceipts(
  folder: string,
  manifestSha256: string,
  manifest: HandoffManifest,
  findings: Findings,
): Promise<number> {
  const names = (await readdir(join(folder, "receipts")).catch(() => []))
    .filter((name) => name.endsWith(".jsonl"))
    .sort()
  const last = new Map<string, { path: string; line: number; receipt: Receipt }>()
  let receipts = 0
  for (const name of names) {
    const path = `receipts/${name}`
    const lines = (await readFile(join(folder, path), "utf8")).split("\n")
    for (const [at, line] of lines.entries()) {
      if (line === "") continue
      receipts++
      const fault = (what: string) => findings.add(path, "receipt", what, `line ${at + 1}`)
      const read = readReceipt(line)
      if ("fault" in read) {
        fault(read.fault)
        continue
      }
      for (const what of receiptFaults(read.receipt, manifestSha256, manifest)) fault(what)
      last.set(read.receipt.trainer, { path, line: at + 1, receipt: read.receipt })
    }
  }
  // What a verification without a trainer found wrong is still there to be found, or mended.
  for (const [trainer, { path, line, receipt }] of last)
    if (receipt.status === "rejected" && trainer !== verification)
      findings.add(
        path,
        "rejected",
        `the last attempt of ${trainer} was rejected: ${receipt.faults[0] ?? "no reason given"}`,
        `line ${line}`,
      )
  return receipts
}

function readReceipt(line: string): { receipt: Receipt } | { fault: string } {
  try {
    const read = receipt.safeParse(JSON.parse(line))
    if (read.success) return { receipt: read.data }
    const [issue] = read.error.issues
    return { fault: `it is no receipt: ${issue?.path.join(".") || "the line"}: ${issue?.message}` }
  } catch (error) {
    return { fault: `it is no JSON: ${(error as Error).message}` }
  }
}

function* receiptFaults(of: Receipt, manifestSha256: string, manifest: HandoffManifest): Generator<string> {
  if (of.manifest_sha256 !== manifestSha256) {
    yield `it is of another handoff, ${of.manifest_sha256}`
    return
  }
  const seen = new Map(of.shards.map(({ path, sha256 }) => [path, sha256]))
  const accepted = of.status !== "rejected"
  for (const { path, sha256 } of manifest.shards) {
    const found = seen.get(path)
    if (accepted && found !== sha256)
      yield found === undefined ? `it does not name ${path}` : `it says that ${path} had the SHA-256 ${found}`
    seen.delete(path)
  }
  for (const path of seen.keys()) yield `it names ${path}, which the manifest does not`
  if (!accepted) return
  if (of.faults.length > 0) yield `it is ${of.status} with ${of.faults.length} faults: ${of.faults[0]}`
  const dropped = Object.values(of.rows.dropped).reduce((sum, rows) => sum + rows, 0)
  if (dropped > 0 !== (of.status === "partial")) yield `it is ${of.status} with ${dropped} samples dropped`
  // A receipt of somebody who verified and did not train has seen no rows.
  if (of.rows.seen === 0 && dropped === 0) return
  if (of.rows.seen + dropped !== manifest.rows.written)
    yield `it accounts for ${of.rows.seen + dropped} samples of ${manifest.rows.written}`
  const ofSft = (key: "tokens" | "trained_tokens") =>
    manifest.shards.filter(({ path }) => path.startsWith("sft/")).reduce((sum, shard) => sum + shard[key], 0)
  if (dropped === 0 && of.tokens !== ofSft("tokens"))
    yield `it has ${of.tokens} tokens, the samples have ${ofSft("tokens")}`
  // Some trainers also take loss from the empty block or from earlier turns; none may take less.
  if (dropped === 0 && of.trained_tokens < ofSft("trained_tokens"))
    yield `only ${of.trained_tokens} tokens bore loss, the samples have ${ofSft("trained_tokens")}`
  if (of.trained_tokens > of.tokens) yield `${of.trained_tokens} of ${of.tokens} tokens bore loss`
  const held = new Map(of.probes.map(({ row_id, held }) => [row_id, held]))
  for (const { row_id } of manifest.probes) {
    if (dropped === 0 && held.get(row_id) !== true) yield `the probe ${row_id} did not hold`
    held.delete(row_id)
  }
  for (const row_id of held.keys()) yield `it has a probe ${row_id} that the manifest has not`
}
