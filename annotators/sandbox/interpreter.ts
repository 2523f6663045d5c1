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

/** First version of Node that has what the harness uses. */
const leastNode = 22

/** Nodes of this machine: the one that runs us, then that of PATH and the system's, which other users can read too. */
export async function* findNodes(): AsyncGenerator<Interpreter> {
  const own = realpathSync(process.execPath)
  yield { name: `node ${process.versions.node}`, path: own, folders: outsideUsr([dirname(own)]) }
  const seen = new Set([own])
  for (const path of [programPath("node"), "/usr/bin/node", "/usr/local/bin/node"]) {
    if (path === null) continue
    try {
      const asked = await run(path, ["-p", "process.execPath + ' ' + process.versions.node"], {
        timeout: 20_000,
        cwd: "/",
      })
      const [executable, version] = asked.stdout.trim().split(" ")
      if (!executable || !version || seen.has(executable) || Number.parseInt(version, 10) < leastNode) continue
      seen.add(executable)
      yield { name: `node ${version}`, path: executable, folders: outsideUsr([dirname(executable)]) }
    } catch {
      // Not there.
    }
  }
}

/** Folders not under /usr, each once and none inside another. The root folder is none that a sandbox may see. */
function outsideUsr(folders: readonly string[]): string[] {
  const outside = [...new Set(folders)].filter((folder) => folder !== "/" && !`${folder}/`.startsWith("/usr/"))
  return outside.filter((folder) => !outside.some((other) => other !== folder && folder.startsWith(`${other}/`)))
}
