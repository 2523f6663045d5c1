import { createHash } from "node:crypto"
import { constants, createReadStream } from "node:fs"
import { access, glob, readdir, realpath, stat } from "node:fs/promises"
import { basename, isAbsolute, join, relative, resolve, sep } from "node:path"
import type { RecordBatch } from "apache-arrow"
import type { SourceConfig } from "../../schemas/config.ts"
import { rowReader } from "../runtime/batch.ts"
import { CotyledonError, RowError, usageError } from "../runtime/errors.ts"
import { canonicalJson } from "../runtime/fingerprint.ts"
import type { Row } from "../runtime/step.ts"
import { readArrow } from "./arrow-file.ts"
import { readError } from "./file-error.ts"
import { type Compression, type Place, readJsonl, type SourceRow } from "./jsonl.ts"
import { readParquet } from "./parquet.ts"

export type { Place, SourceRow } from "./jsonl.ts"

/** What a row file is, by its ending. */
export interface RowFormat {
  kind: "jsonl" | "parquet" | "arrow"
  compression: Compression
}

/** The endings of row files. */
export const rowEndings: Readonly<Record<string, RowFormat>> = {
  ".jsonl": { kind: "jsonl", compression: "none" },
  ".jsonl.gz": { kind: "jsonl", compression: "gzip" },
  ".jsonl.zst": { kind: "jsonl", compression: "zstd" },
  ".parquet": { kind: "parquet", compression: "none" },
  ".arrow": { kind: "arrow", compression: "none" },
}

/** The format of a row file; null when the ending is none of `rowEndings`. */
export function formatOf(path: string): RowFormat | null {
  const ending = Object.keys(rowEndings).find((of) => path.toLowerCase().endsWith(of))
  return ending ? rowEndings[ending]! : null
}

/** One file of rows. `path` is for opening only; nothing else of it may reach a dataset. */
export interface SourceFile {
  /** Absolute path, or `-` for stdin. */
  path: string
  /** Slash-separated, relative to the folder or glob it was found by; a single file's own name. */
  name: string
  /** The source's declared name; without one the file's `name`. What rows and manifests call it. */
  source: string
  format: RowFormat
  /** Our column name -> the file's; the reference may be put together from several. */
  columns: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  /** What holds for its rows that do not say it themselves; `verifierOptions` as canonical JSON. */
  defaults: Readonly<Record<"domain" | "verifier" | "verifierOptions", string | null>>
  license: string | null
  revision: string | null
}

/** How `resolveSources` finds and names sources. */
export interface ResolveOptions {
  /** Folder that relative paths start from. */
  cwd: string
  /** What the sources stand under in errors: a config path (`questions`) or an argument (`IN`). Default `sources`. */
  where?: string | undefined
}

/**
 * The row files of sources, in the order of the sources and sorted by name within each. A folder means all files in it with a
 * known ending, at any depth, without hidden ones; a path with `*`, `?`, `[` or `{` that is no file is a glob; `-` is stdin as JSON
 * Lines. A missing path, no match, an unreadable file, an unknown ending or a file that is found twice is a usageError.
 */
export async function resolveSources(sources: readonly SourceConfig[], options: ResolveOptions): Promise<SourceFile[]> {
  const files: SourceFile[] = []
  const foundBy = new Map<string, string>()
  for (const [index, source] of sources.entries()) {
    const where = sources.length === 1 ? (options.where ?? "sources") : `${options.where ?? "sources"}[${index}]`
    const config: Exclude<SourceConfig, string> = typeof source === "string" ? { path: source } : source
    for (const { path, name } of await filesOf(config.path, options.cwd, where)) {
      const format = path === "-" ? rowEndings[".jsonl"]! : formatOf(path)
      if (!format) throw unknownEnding(path, where)
      const real = path === "-" ? path : await readable(path, where)
      const earlier = foundBy.get(real)
      if (earlier)
        throw usageError({
          what: "The same file is listed twice",
          where: `${where}, ${path}`,
          got: `also by ${earlier}`,
          remedy: "Its rows would count twice: name it once.",
        })
      foundBy.set(real, where)
      files.push({
        path,
        name,
        source: config.name ?? name,
        format,
        columns: config.columns ?? {},
        defaults: {
          domain: config.domain ?? null,
          verifier: config.verifier ?? null,
          verifierOptions: config.verifierOptions === undefined ? null : canonicalJson(config.verifierOptions),
        },
        license: config.license ?? null,
        revision: config.revision ?? null,
      })
    }
  }
  return files
}

interface Found {
  path: string
  name: string
}

async function filesOf(given: string, cwd: string, where: string): Promise<Found[]> {
  if (given === "-") return [{ path: "-", name: "stdin" }]
  const path = resolve(cwd, given)
  const kind = await stat(path).catch((error: NodeJS.ErrnoException) => error)
  if (!(kind instanceof Error)) {
    if (kind.isDirectory()) return filesOfFolder(path, given, where)
    if (kind.isFile()) return [{ path, name: basename(path) }]
    throw usageError({
      what: "Not a file or a folder",
      where: `${where}, ${given}`,
      remedy: "Give a regular file, or - for stdin.",
    })
  }
  if (kind.code !== "ENOENT" && kind.code !== "ENOTDIR") throw cannotRead(path, where, kind)
  if (/[*?[{]/.test(given)) return filesOfGlob(given, cwd, where)
  throw usageError({
    what: "No such file or folder",
    where: `${where}, ${given}`,
    got: isAbsolute(given) ? undefined : `nothing at ${path}`,
    remedy: "Check the path; relative ones start at the working folder.",
  })
}

async function filesOfFolder(folder: string, given: string, where: string): Promise<Found[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error) => {
    throw cannotRead(folder, where, error)
  })
  const found: Found[] = []
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
    const name = slashed(relative(folder, path))
    if (isHidden(name) || !formatOf(name)) continue
    // A link counts as what it points to: hubs keep their files as links into a store.
    if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(path)))) found.push({ path, name })
  }
  if (found.length > 0) return found.sort(byName)
  throw usageError({
    what: "The folder has no row files",
    where: `${where}, ${given}`,
    expected: Object.keys(rowEndings).join(", "),
    got: entries.length === 0 ? "an empty folder" : `${entries.length} other entries`,
  })
}

async function filesOfGlob(pattern: string, cwd: string, where: string): Promise<Found[]> {
  // Names start at the last folder before the first wildcard, so that they never tell where the data lies on this machine.
  const fixed = /^[^*?[{]*[/\\]/.exec(pattern)?.[0] ?? ""
  const base = resolve(cwd, fixed)
  const found: Found[] = []
  for await (const match of glob(pattern.slice(fixed.length), { cwd: base })) {
    const name = slashed(match)
    if (!isHidden(name) && formatOf(name) && (await isFile(join(base, match))))
      found.push({ path: join(base, match), name })
  }
  if (found.length > 0) return found.sort(byName)
  throw usageError({
    what: "No row file matches",
    where: `${where}, ${pattern}`,
    expected: Object.keys(rowEndings).join(", "),
    got: "no match",
    remedy: "Check the pattern; quote it so that the shell leaves it alone.",
  })
}

const slashed = (path: string) => path.split(sep).join("/")
const isHidden = (name: string) => name.split("/").some((part) => part.startsWith("."))
const isFile = async (path: string) => (await stat(path).catch(() => null))?.isFile() ?? false
const byName = (left: Found, right: Found) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0)

async function readable(path: string, where: string): Promise<string> {
  try {
    await access(path, constants.R_OK)
    return await realpath(path)
  } catch (error) {
    throw cannotRead(path, where, error)
  }
}

const cannotRead = (path: string, where: string, error: unknown) =>
  usageError(
    {
      what: "Cannot read",
      where: `${where}, ${path}`,
      got: (error as NodeJS.ErrnoException).code ?? String(error),
      remedy: "Make it readable for this user.",
    },
    error,
  )

const unknownEnding = (path: string, where: string) =>
  usageError({
    what: "Unknown kind of file",
    where: `${where}, ${path}`,
    expected: `a name that ends in ${Object.keys(rowEndings).join(", ")}`,
    got: basename(path),
    remedy: "Rename it, or convert it to one of these.",
  })

/** The rows of a file of any row format, in order; a row that cannot be read comes as its error and the next one goes on. */
export async function* readRows(file: SourceFile): AsyncGenerator<SourceRow, void, void> {
  if (file.format.kind === "jsonl")
    yield* readJsonl(file.path, { name: file.name, compression: file.format.compression })
  else yield* rowsOfBatches(file.format.kind === "parquet" ? readParquet(file.path) : readArrow(file.path), file.name)
}

async function* rowsOfBatches(
  batches: AsyncIterable<RecordBatch>,
  file: string,
): AsyncGenerator<SourceRow, void, void> {
  let line = 0
  for await (const batch of batches) {
    const read = rowReader(batch)
    for (let index = 0; index < batch.numRows; index++) yield rowAt(read, index, { file, line: ++line })
  }
}

function rowAt(read: (index: number) => Row, index: number, at: Place): SourceRow {
  try {
    return { row: read(index), at }
  } catch (error) {
    if (!(error instanceof RowError)) throw error
    return {
      error: new RowError("bad-row", `${at.file}, row ${at.line}: ${error.message}`, { cause: error }),
      at,
      raw: "",
    }
  }
}

/** Size and SHA-256 of a file, without holding it. */
export async function digestOf(file: Pick<SourceFile, "path">): Promise<{ sha256: string; bytes: number }> {
  if (file.path === "-")
    throw usageError({
      what: "Standard input cannot be read twice",
      expected: "a file",
      got: "-",
      remedy: "Write it to a file first, and name that.",
    })
  const hash = createHash("sha256")
  let bytes = 0
  try {
    for await (const chunk of createReadStream(file.path, { highWaterMark: 2 ** 20 })) {
      hash.update(chunk as Buffer)
      bytes += (chunk as Buffer).byteLength
    }
  } catch (error) {
    throw error instanceof CotyledonError ? error : readError(error, file.path)
  }
  return { sha256: hash.digest("hex"), bytes }
}
