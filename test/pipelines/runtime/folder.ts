import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"

/** A folder of the test's own, removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "cotyledon-runtime-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A file system of a few KiB, or null where this process may not mount one. */
export function smallDisk(kibibytes: number): string | null {
  const folder = join(temporaryFolder(), "disk")
  mkdirSync(folder)
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kibibytes}k`, "none", folder], { stdio: "ignore" })
  } catch {
    return null
  }
  onTestFinished(() => {
    execFileSync("umount", [folder])
  })
  return folder
}
