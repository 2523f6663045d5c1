import type { HandoffManifest } from "../../../schemas/handoff-manifest.ts"
import type { RejectedRow } from "../../../schemas/rejected-row.ts"
import { canonicalRowJson } from "../../runtime/row-json.ts"
import type { Findings } from "./findings.ts"
import { shardRows } from "./shard-rows.ts"

/** The rejected samples, by reason, against the manifest's counts. */
export async function checkRejected(folder: string, manifest: HandoffManifest, findings: Findings): Promise<void> {
  const found: Record<string, number> = {}
  for (const shard of manifest.shards.filter(({ path }) => path.startsWith("rejected/")))
    for await (const { reason } of shardRows<RejectedRow>(folder, shard, findings))
      found[reason] = (found[reason] ?? 0) + 1
  const [expected, got] = [canonicalRowJson(manifest.rows.rejected), canonicalRowJson(found)]
  if (expected !== got) findings.add("manifest.json", "rejected", `counts ${expected} as rejected, the rows are ${got}`)
}
