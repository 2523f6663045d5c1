import type { Stats } from "node:fs"
import { stat } from "node:fs/promises"
import { dirname } from "node:path"
import { usageError } from "../pipelines/runtime/errors.ts"

/**
 * Throws a usage error where no file can have this name: a folder has it, or a device, which a file would replace, or a file stands where
 * its folder would be. `name`: what the path is on the command line.
 */
export async function checkFile(name: string, path: string): Promise<void> {
  const found = await look(path)
  if (found?.isDirectory())
    throw usageError({ what: `${name} is a folder`, where: path, expected: "the name of a file" })
  if (found && !found.isFile())
    throw usageError({ what: `${name} is no file that could be replaced`, where: path, expected: "the name of a file" })
  if (!found) await checkFolderOf(name, path)
}

/** Throws a usage error where a file stands on the way to a path. Folders that are missing are none of its concern. */
async function checkFolderOf(name: string, path: string): Promise<void> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const found = await look(folder)
    if (found?.isDirectory() || folder === dirname(folder)) return
    if (found)
      throw usageError({
        what: `${name} is below a file`,
        where: path,
        expected: "a file in a folder",
        got: `${folder} is a file`,
      })
  }
}

const look = (path: string): Promise<Stats | null> => stat(path).catch(() => null)
