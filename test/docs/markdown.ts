import type { z } from "zod"
import { event } from "../../schemas/event.ts"
import { type EventNote, eventNotes, eventVersion } from "../../schemas/event-notes.ts"
import { inputSchema, type KeySchema, rangeText, typeText } from "../../ui/key-notes.ts"
import type { Declared } from "./declarations.ts"

/** The library's interface as Markdown: by module, each export with its doc comment and its type. */
export function apiMarkdown(declared: readonly Declared[]): string {
  const modules = Map.groupBy(declared, ({ module }) => module)
  const sections = [...modules]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([module, exports]) => {
      const parts = exports.map(({ name, doc, code }) => `### ${name}\n\n${doc}\n\n\`\`\`ts\n${code}\n\`\`\`\n`)
      return `## ${module}\n\n${parts.join("\n")}`
    })
  return `# Interface of the library\n\n\`import { ... } from "cotyledon"\`\n\n${sections.join("\n")}`
}

/** The events of a run as Markdown: each with its fields, their types and units. */
export function eventsMarkdown(): string {
  const sections = eventSchemas().map(({ name, fields, required }) => {
    const note: EventNote = eventNotes[name]
    const rows = Object.entries(fields).map(
      ([field, schema]) =>
        `| \`${field}\`${required.includes(field) ? "" : " (may be missing)"} | ${cell(`${typeText(schema)} ${rangeText(schema)}`)} | ${cell(note.fields[field]!)} |`,
    )
    return `## ${name}\n\n${note.about}\n\n| field | type | meaning |\n|---|---|---|\n${rows.join("\n")}\n`
  })
  return `# Events of a run

\`RUN/events/*.jsonl\`: JSON Lines, one file for each process that worked on the run, in the order of their names. Each line has \`v\`, the
version of this format (${eventVersion}), \`at\`, the time in ISO 8601 (UTC), and \`event\`, its name. Readers leave out events and fields that
they do not know; another meaning of one that stands here raises \`v\`. A torn last line is of a process that was killed.

${sections.join("\n")}`
}

/** The events of the schema, with their fields beside `event`. */
export function eventSchemas(): {
  name: keyof typeof eventNotes
  fields: Record<string, KeySchema>
  required: readonly string[]
}[] {
  const { oneOf, anyOf } = inputSchema(event._zod.def.right as z.ZodType) as KeySchema & { oneOf?: KeySchema[] }
  return (oneOf ?? anyOf ?? []).map(({ properties = {}, required = [] }) => {
    const { event: name, ...fields } = properties
    return { name: (name as { const?: unknown }).const as keyof typeof eventNotes, fields, required }
  })
}

const cell = (text: string): string => text.trim().replaceAll("|", "\\|").replaceAll("\n", " ")
