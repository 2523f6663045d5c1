import type { HandoffManifest } from "../../../schemas/handoff-manifest.ts"
import type { Findings } from "./findings.ts"

/** What must add up inside of the manifest, before any file is read. */
export function checkCounts(manifest: HandoffManifest, findings: Findings): void {
  const fault = (check: string, what: string) => findings.add("manifest.json", check, what)
  const { rows, rl_rows, shards, template, license, mixture, packing, max_length } = manifest
  const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((all, of) => all + of, 0)
  if (rows.in !== rows.written + sum(rows.rejected))
    fault("rows", `${rows.in} rows in are not ${rows.written} written and ${sum(rows.rejected)} rejected`)
  if (rows.cut > rows.written) fault("rows", `${rows.cut} of ${rows.written} rows were cut`)
  if (rl_rows && rl_rows.in !== rl_rows.written + sum(rl_rows.rejected))
    fault(
      "rl_rows",
      `${rl_rows.in} questions in are not ${rl_rows.written} written and ${sum(rl_rows.rejected)} rejected`,
    )
  const of = (folder: string, key: "rows" | "tokens" | "trained_tokens") =>
    shards.filter(({ path }) => path.startsWith(`${folder}/`)).reduce((all, shard) => all + shard[key], 0)
  for (const folder of ["sft", "messages"])
    if (of(folder, "rows") !== rows.written)
      fault("rows", `the files of ${folder}/ have ${of(folder, "rows")} rows, ${rows.written} were written`)
  for (const folder of ["messages", "packed"])
    for (const key of ["tokens", "trained_tokens"] as const)
      if (of(folder, key) !== of("sft", key))
        fault(key, `${folder}/ has ${of(folder, key)} ${key}, sft/ has ${of("sft", key)}`)
  if (of("rejected", "rows") !== sum(rows.rejected))
    fault("rows", `the files of rejected/ have ${of("rejected", "rows")} rows, ${sum(rows.rejected)} were rejected`)
  const { thinking, non_thinking } = template.mode_counts
  if (thinking + non_thinking !== rows.written)
    fault("mode_counts", `${thinking} and ${non_thinking} are not ${rows.written}`)
  for (const [check, list] of [
    ["license", license],
    ["mixture", mixture],
  ] as const) {
    const all = list.reduce((all, { rows }) => all + rows, 0)
    if (all !== rows.written) fault(check, `${check} counts ${all} rows, ${rows.written} were written`)
  }
  if (packing.seq_len < max_length)
    fault("packing", `rows of ${packing.seq_len} cannot hold samples of ${max_length} tokens`)
  if (packing.fill > 1) fault("packing", `rows are filled to ${packing.fill}`)
}
