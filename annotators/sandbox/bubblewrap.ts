// The command line of bubblewrap: what a sandboxed process can see and reach. It sees the system's programs and libraries read-only, its
// interpreter, a private /tmp, its own processes and the harmless devices; it has no network, no capabilities, no environment.
import { accessSync, constants, lstatSync, readlinkSync } from "node:fs"
import { delimiter, join } from "node:path"

/** Size of the private /tmp and of /dev/shm, in bytes. */
const scratchBytes = { tmp: 64 << 20, shm: 8 << 20 }

const systemFolders = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"]

/** What differs between two sandboxes. */
export interface Confinement {
  /** Folders that can be read beside /usr: the interpreter's own, where it lies elsewhere. */
  readonly readable: readonly string[]
  /** Number, in bubblewrap, of the descriptor from which it reads the filter of system calls; null for none. */
  readonly seccompFd: number | null
}

/** Arguments of bubblewrap up to and with `--`; the command follows. */
export function bubblewrapArguments({ readable, seccompFd }: Confinement): string[] {
  return [
    ...["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"],
    ...["--clearenv", "--cap-drop", "ALL", "--hostname", "sandbox"],
    ...["--ro-bind", "/usr", "/usr"],
    ...systemFolders.flatMap(systemFolder),
    // Without it a linker looks for libraries in the standard folders alone.
    ...["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"],
    ...["--proc", "/proc", "--dev", "/dev"],
    ...["--perms", "1777", "--size", String(scratchBytes.shm), "--tmpfs", "/dev/shm"],
    ...["--perms", "0700", "--size", String(scratchBytes.tmp), "--tmpfs", "/tmp"],
    // After /tmp, which would hide an interpreter that lies below it.
    ...readable.flatMap((folder) => ["--ro-bind", folder, folder]),
    // The file systems on which the mount points stand have no size of their own.
    ...["--remount-ro", "/dev", "--remount-ro", "/"],
    ...[
      "--chdir",
      "/tmp",
      "--setenv",
      "HOME",
      "/tmp",
      "--setenv",
      "LANG",
      "C.UTF-8",
      "--setenv",
      "PATH",
      "/usr/bin:/bin",
    ],
    // Sets of strings have one order in every run.
    ...["--setenv", "PYTHONHASHSEED", "0"],
    ...(seccompFd === null ? [] : ["--seccomp", String(seccompFd)]),
    "--",
  ]
}

function systemFolder(path: string): string[] {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return []
  return found.isSymbolicLink() ? ["--symlink", readlinkSync(path), path] : ["--ro-bind", path, path]
}

/** Path of the first program of that name in PATH (without one, in the usual folders), or null. */
export function programPath(name: string): string | null {
  const folders = process.env.PATH?.split(delimiter) ?? ["/usr/local/bin", "/usr/bin", "/bin"]
  for (const folder of folders) {
    const path = join(folder, name)
    if (!folder.startsWith("/")) continue
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not there, or not for us.
    }
  }
  return null
}
