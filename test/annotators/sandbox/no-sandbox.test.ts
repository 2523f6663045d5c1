// Where no sandbox can be had nothing runs: Python and standard streams are unverifiable, tests in JavaScript run in QuickJS.
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises"
import { delimiter, join } from "node:path"
import { expect, test, vi } from "vitest"
import { newFolder } from "../../faults/scene.ts"

// Programs are processes: a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const program = join(import.meta.dirname, "verdict-program.ts")

interface Found {
  python: { verdict: string; reward: number | null; reason: string }
  stdio: { verdict: string; reward: number | null; reason: string }
  javascript: { verdict: string; reward: number | null; reason: string }
  wrong: { verdict: string; reward: number | null; reason: string }
}

/** Verdicts of a process of its own, whose PATH is only these folders. Programs would write `mark` where they run bare. */
function verdictsWith(path: readonly string[], mark: string, before: readonly string[] = []): Found {
  const [file, ...args] = [...before, process.execPath, program, mark]
  const { stdout, stderr, status } = spawnSync(file!, args, {
    env: { PATH: path.join(delimiter) },
    encoding: "utf8",
  })
  expect(status, stderr).toBe(0)
  return JSON.parse(stdout)
}

async function script(folder: string, name: string, text: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${text}\n`)
  await chmod(join(folder, name), 0o755)
}

/** A folder with links to the programs that a sandbox needs, but bubblewrap. */
async function programs(): Promise<string> {
  const outer = await newFolder()
  // Sandboxes are started as another user.
  await chmod(outer, 0o755)
  const folder = join(outer, "bin")
  await mkdir(folder)
  for (const name of ["python3", "prlimit", "mkfifo"])
    if (existsSync(`/usr/bin/${name}`)) await symlink(`/usr/bin/${name}`, join(folder, name))
  return folder
}

function expectUnverifiable(found: Found, reason: RegExp): void {
  for (const each of [found.python, found.stdio]) {
    expect(each).toMatchObject({ verdict: "unverifiable", reward: null })
    expect(each.reason).toMatch(reason)
  }
  expect(found.javascript).toMatchObject({ verdict: "correct", reward: 1 })
  expect(found.wrong).toMatchObject({ verdict: "incorrect", reward: 0 })
}

test("without bubblewrap", async () => {
  const folder = await programs()
  const mark = join(folder, "mark")
  expectUnverifiable(verdictsWith([folder], mark), /^bubblewrap is not installed/)
  expect(existsSync(mark)).toBe(false)
})

test("with a bubblewrap that fails, as where user namespaces are refused", async () => {
  const folder = await programs()
  const mark = join(folder, "mark")
  await script(folder, "bwrap", "echo 'bwrap: No permissions to create new namespace' >&2\nexit 1")
  expectUnverifiable(verdictsWith([folder], mark), /No permissions to create new namespace/)
  expect(existsSync(mark)).toBe(false)
})

test("with a bubblewrap that confines nothing: it does not hold, and only the probe ran", async () => {
  const folder = await programs()
  const mark = join(folder, "mark")
  await script(folder, "bwrap", 'while [ "$1" != -- ]; do shift; done\nshift\nexec "$@"')
  expectUnverifiable(verdictsWith([folder], mark), /does not hold|does not start|was not ready/)
  expect(existsSync(mark)).toBe(false)
})

test("with a bubblewrap that cannot be executed", async () => {
  const folder = await programs()
  const mark = join(folder, "mark")
  await writeFile(join(folder, "bwrap"), "", { mode: 0o644 })
  expectUnverifiable(verdictsWith([folder], mark), /^bubblewrap is not installed/)
  expect(existsSync(mark)).toBe(false)
})

test("without Python in PATH or beside it", async () => {
  const folder = join(await newFolder(), "bin")
  await mkdir(folder)
  await script(folder, "python3", "exit 1")
  const mark = join(folder, "mark")
  const found = verdictsWith([folder], mark)
  expect(found.python).toMatchObject({ verdict: "unverifiable", reward: null })
  expect(existsSync(mark)).toBe(false)
})

const usual = ["/usr/local/bin", "/usr/bin", "/bin"]
const isRoot = process.getuid?.() === 0 && existsSync("/usr/bin/setpriv") && existsSync("/usr/bin/unshare")

test.skipIf(!isRoot)("as root that may not become another user (skipped: not root, or no util-linux)", async () => {
  const mark = join(await newFolder(), "mark")
  const without = ["/usr/bin/setpriv", "--bounding-set=-all", "--inh-caps=-all"]
  expectUnverifiable(verdictsWith(usual, mark, without), /without the right to become another user/)
})

test.skipIf(!isRoot)("where user namespaces are refused (skipped: not root, or no util-linux)", async () => {
  const mark = join(await newFolder(), "mark")
  const refused = [
    "/usr/bin/unshare",
    "-Ur",
    "sh",
    "-c",
    'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"',
    "sh",
  ]
  expectUnverifiable(verdictsWith(usual, mark, refused), /./)
  expect(existsSync(mark)).toBe(false)
})

test.skipIf(!isRoot || !existsSync("/usr/bin/bwrap"))(
  "an ordinary user has a sandbox (skipped: not root)",
  async () => {
    const mark = join(await newFolder(), "mark")
    const ordinary = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    const { python, stdio, javascript, wrong } = verdictsWith(usual, mark, ordinary)
    for (const each of [python, stdio, javascript]) expect(each).toMatchObject({ verdict: "correct", reward: 1 })
    expect(wrong).toMatchObject({ verdict: "incorrect", reward: 0 })
  },
)
