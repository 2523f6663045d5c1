// The library's interface, read from the declarations that the compiler writes: what `index.ts` exports, from which file, with its doc
// comment and its type. A reader of our own, since the compiler has no interface for programs.
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"

/** One export of the library. */
export interface Declared {
  name: string
  /** The module that declares it, without its ending: `pipelines/runtime/step`. */
  module: string
  /** The text of its doc comment; "" where it has none. */
  doc: string
  /** Its declaration as the compiler writes it. */
  code: string
}

/** All exports of `index.d.ts` in a folder of declarations, in its order. What packages declare is left out. */
export const declarationsIn = (folder: string): Declared[] => exportsOf(folder, "index", null)

/** What a module passes on or declares: all of it, or the names of `wanted`. */
function exportsOf(folder: string, module: string, wanted: ReadonlySet<string> | null): Declared[] {
  const text = readFileSync(join(folder, `${module}.d.ts`), "utf8")
  const passedOn = [...text.matchAll(/^export (?:type )?(\*|\{[^}]*\}) from "([^"]+)";/gm)].flatMap(
    ([, what, from]) => {
      if (!from!.startsWith(".")) return []
      const target = join(dirname(module), from!).replace(/\.[jt]s$/, "")
      const names = what === "*" ? null : new Set(namesIn(what!))
      return exportsOf(folder, target, names).filter(({ name }) => wanted === null || wanted.has(name))
    },
  )
  return [...passedOn, ...declared(text, module).filter(({ name }) => wanted === null || wanted.has(name))]
}

const namesIn = (braces: string): string[] =>
  braces
    .slice(1, -1)
    .split(",")
    .map((name) => name.trim().replace(/^type /, ""))
    .filter((name) => name !== "")

const start = /^export (?:declare )?(?:abstract )?(?:const|let|function|class|interface|type|enum) (\w+)/gm

function declared(text: string, module: string): Declared[] {
  return [...text.matchAll(start)].map((found) => ({
    name: found[1]!,
    module,
    doc: docBefore(text, found.index),
    code: statementAt(text, found.index).replace(/^export (declare )?/, ""),
  }))
}

/** The doc comment that ends right before a position. */
function docBefore(text: string, at: number): string {
  const before = text.slice(0, at).trimEnd()
  if (!before.endsWith("*/")) return ""
  const from = before.lastIndexOf("/*")
  if (!before.startsWith("/**", from)) return ""
  return before
    .slice(from + 3, -2)
    .split("\n")
    .map((line) => line.trim().replace(/^\* ?/, ""))
    .join("\n")
    .trim()
}

/** A statement to the semicolon or the brace that closes it. Comments and strings may hold anything. */
function statementAt(text: string, from: number): string {
  const tokens = /\/\*[\s\S]*?\*\/|\/\/.*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|=>|[{}()[\]<>;]/g
  tokens.lastIndex = from
  let depth = 0
  for (let token = tokens.exec(text); token; token = tokens.exec(text)) {
    const [mark] = token
    if ("{([<".includes(mark)) depth++
    else if ("})]>".includes(mark)) depth--
    if (depth > 0) continue
    const isBlock =
      mark === "}" && /^export (declare )?(abstract )?(class|interface|enum) /.test(text.slice(from, from + 60))
    if (mark === ";" || isBlock) return text.slice(from, token.index + 1)
  }
  return text.slice(from)
}
