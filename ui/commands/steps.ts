import { type CatalogueEntry, catalogue, settingsOf } from "../../pipelines/catalogue.ts"
import { isModulePath } from "../../pipelines/recipes.ts"
import { findEntry } from "../find-step.ts"
import { hasKeys, inputSchema, type KeySchema, rangeText, typeText, wrap } from "../key-notes.ts"
import type { CommonOptions } from "../options.ts"
import { loadOwnStep } from "../own-step.ts"

const width = 80

/** `cotyledon steps [STEP]`. */
export async function steps(id: string | undefined, options: CommonOptions): Promise<void> {
  const print = (line: string) => process.stdout.write(`${line}\n`)
  if (id === undefined) {
    if (options.json) print(JSON.stringify(catalogue.map(briefly)))
    else for (const line of listLines(catalogue)) print(line)
    return
  }
  const entry = isModulePath(id) ? await loadOwnStep(id) : findEntry(id)
  const params = inputSchema(await settingsOf(entry))
  const reference = entry.kind === "verifier" ? (await entry.build()).reference : null
  if (options.json) print(JSON.stringify({ ...briefly(entry), ...(reference !== null && { reference }), params }))
  else for (const line of entryLines(entry, params, reference)) print(line)
}

function briefly(entry: CatalogueEntry) {
  const { id, kind, about, reads, adds } = entry
  const role = entry.kind === "verifier" ? null : (entry.role ?? null)
  return { id, kind, about, reads, adds, role }
}

/** Id, kind and what it does, in aligned columns of at most 80 characters. */
export function listLines(entries: readonly CatalogueEntry[]): string[] {
  const ids = Math.max(...entries.map(({ id }) => id.length))
  const kinds = Math.max(...entries.map(({ kind }) => kind.length))
  const left = ids + 2 + kinds + 2
  return entries.flatMap(({ id, kind, about }) =>
    wrap(about, width - left).map((line, at) =>
      at === 0 ? `${id.padEnd(ids)}  ${kind.padEnd(kinds)}  ${line}` : " ".repeat(left) + line,
    ),
  )
}

/** One step with its columns and parameters. */
export function entryLines(entry: CatalogueEntry, params: KeySchema, reference: string | null): string[] {
  const facts = [
    ["reads", entry.reads.join(", ")],
    ["adds", entry.adds.join(", ") || "nothing"],
    ...(reference === null ? [] : [["reference", reference]]),
    ...(entry.kind !== "verifier" && entry.role
      ? [["model", `models.${entry.role}, from --config FILE or --set models.${entry.role}.KEY=VALUE`]]
      : []),
  ] as [string, string][]
  const keys = Object.entries(params.properties ?? {})
  return [
    ...wrap(`${entry.id} (${entry.kind}): ${entry.about}`, width),
    "",
    ...facts.flatMap(([name, text]) => hanging(`  ${name.padEnd(10)}`, text)),
    "",
    keys.length === 0
      ? "  No parameters."
      : `  ${entry.kind === "verifier" ? "Options" : "Parameters"} (--set KEY=VALUE):`,
    ...keys.flatMap(([name, key]) => keyLines(name, key, params.required?.includes(name) ?? false, 4)),
  ]
}

function keyLines(name: string, key: KeySchema, required: boolean, indent: number): string[] {
  const margin = " ".repeat(indent)
  const value =
    key.default === undefined ? (required ? "required" : "no default") : `default ${JSON.stringify(key.default)}`
  const typed = [typeText(key), rangeText(key)].filter((part) => part !== "").join(", ")
  const facts = [typed, value, ...(key.unit === undefined ? [] : [`unit: ${key.unit}`])].join("; ")
  return [
    ...hanging(`${margin}${name.padEnd(16)}  `, facts),
    ...(key.description === undefined ? [] : hanging(`${margin}  `, key.description)),
    ...(key.source === undefined ? [] : hanging(`${margin}  `, `source: ${key.source}`)),
    ...(hasKeys(key)
      ? Object.entries(key.properties).flatMap(([inner, of]) =>
          keyLines(inner, of, key.required?.includes(inner) ?? false, indent + 2),
        )
      : []),
  ]
}

/** Text behind a margin, further lines below its start. */
const hanging = (margin: string, text: string): string[] =>
  wrap(text, width - margin.length).map((line, at) => (at === 0 ? margin : " ".repeat(margin.length)) + line)
