// The `cotyledon` command with its Node in one folder, for a machine that can fetch nothing: only the modules that `verify` loads.
import { execFileSync } from "node:child_process"
import { chmodSync, cpSync, mkdirSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../../", import.meta.url))

/** Writes `FOLDER/cotyledon`, an executable that runs `cotyledon verify math`, and what it needs beside it. */
export function bundle(folder: string): void {
  // The run that is to work there tells what it loads.
  const hook = `
    import { registerHooks } from "node:module"
    import { appendFileSync } from "node:fs"
    registerHooks({ load(url, context, next) { if (url.startsWith("file:")) process._rawDebug("LOADED " + url); return next(url, context) } })`
  const row = '{"id":"a","completion":"\\\\boxed{2}","reference":"2"}'
  const script = `printf '%s\\n' '${row}' | "${process.execPath}" --import 'data:text/javascript,${encodeURIComponent(hook)}' dist/ui/bin.js verify math - - 2>&1`
  const told = execFileSync("bash", ["-c", script], { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 })
  if (!told.includes('"correct"')) throw new Error(`cotyledon verify math does not work here: ${told}`)
  const loaded = [...told.matchAll(/LOADED (file:\S+)/g)].map(([, url]) => relative(root, fileURLToPath(url!)))
  const modules = new Set(loaded.filter((path) => path.startsWith("node_modules/")).map(packageOf))
  for (const path of ["package.json", "dist", ...modules])
    cpSync(join(root, path), join(folder, path), { recursive: true, dereference: true, filter: isNeeded })
  mkdirSync(folder, { recursive: true })
  cpSync(process.execPath, join(folder, "node"), { dereference: true })
  execFileSync("strip", [join(folder, "node")])
  const start = join(folder, "cotyledon")
  writeFileSync(
    start,
    '#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\nexec "$here/node" "$here/dist/ui/bin.js" "$@"\n',
  )
  chmodSync(start, 0o755)
}

/** The folder of the package that a file belongs to: `node_modules/NAME` or `node_modules/@SCOPE/NAME`. */
function packageOf(path: string): string {
  const parts = path.split("/")
  const at = parts.lastIndexOf("node_modules")
  return parts.slice(0, at + (parts[at + 1]!.startsWith("@") ? 3 : 2)).join("/")
}

/** Sources and maps are not run. */
const isNeeded = (path: string): boolean => !/\.(map|md|d\.ts|d\.mts|d\.cts)$/.test(path)
