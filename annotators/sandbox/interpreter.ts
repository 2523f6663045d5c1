// Interpreters of the languages that programs are in. They are looked for outside, by asking each for its own place and version.
import { execFile } from "node:child_process"
import { realpathSync } from "node:fs"
import { dirname } from "node:path"
import { promisify } from "node:util"
import { programPath } from "./bubblewrap.ts"

/** An interpreter that may be run in a sandbox. */
export interface Interpreter {
  /** Name and version, as verdicts depend on them: `python 3.11.2`. */
  readonly name: string
  /** Absolute, links resolved. */
  readonly path: string
  /** Folders that it needs beside /usr. */
  readonly folders: readonly string[]
}

const run = promisify(execFile)

const askPython = `import sys, os
print(os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable), sys.base_prefix, sys.base_exec_prefix, "%s %d.%d.%d" % (sys.implementation.name.replace("cpython", "python"), *sys.version_info[:3]), sep="\\n")`

/** Pythons of this machine: that of PATH, then the system's. */
export async function findPythons(): Promise<Interpreter[]> {
  const found: Interpreter[] = []
  for (const path of new Set([programPath("python3"), "/usr/bin/python3", "/usr/local/bin/python3"])) {
    if (path === null) continue
    try {
      const { stdout } = await run(path, ["-I", "-S", "-c", askPython], { timeout: 20_000, cwd: "/" })
      const [executable, prefix, execPrefix, name] = stdout.trim().split("\n")
      if (!executable || !prefix || !execPrefix || !name) continue
      if (!found.some((one) => one.path === executable))
        found.push({ name, path: executable, folders: outsideUsr([prefix, execPrefix, dirname(executable)]) })
    } catch {
      // Not there, or a broken shim.
    }
  }
  return found
}

/** The Node that runs us. */
export function ownNode(): Interpreter {
  const path = realpathSync(process.execPath)
  return { name: `node ${process.versions.node}`, path, folders: outsideUsr([dirname(path)]) }
}

/** Folders not under /usr, each once and none inside another. The root folder is none that a sandbox may see. */
function outsideUsr(folders: readonly string[]): string[] {
  const outside = [...new Set(folders)].filter((folder) => folder !== "/" && !`${folder}/`.startsWith("/usr/"))
  return outside.filter((folder) => !outside.some((other) => other !== folder && folder.startsWith(`${other}/`)))
}
