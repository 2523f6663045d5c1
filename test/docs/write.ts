// Writes the documentation that is generated: `npm run docs`. Needs the build.
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { declarationsIn } from "./declarations.ts"
import { apiMarkdown, eventsMarkdown } from "./markdown.ts"

const root = join(import.meta.dirname, "../..")
const docs = join(root, "docs")
mkdirSync(docs, { recursive: true })
writeFileSync(join(docs, "api.md"), apiMarkdown(declarationsIn(join(root, "dist"))))
writeFileSync(join(docs, "events.md"), eventsMarkdown())
process.stdout.write("docs/api.md and docs/events.md are written\n")
