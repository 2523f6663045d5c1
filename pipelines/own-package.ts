import { readFileSync } from "node:fs"
import { registerHooks } from "node:module"
import { extname } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { type Digest, sha256 } from "./runtime/fingerprint.ts"

/** The library's entry beside this file, built or as source. */
const entry = new URL(`../index${extname(import.meta.url)}`, import.meta.url).href
const ownFolder = new URL("..", import.meta.url).href
/** What each module of the user's imports, by address. */
const imports = new Map<string, Set<string>>()
let shared = false

/**
 * Gives every module that imports "cotyledon" from now on this very copy: recipes, steps and configs by path work outside of any
 * installation, and their classes are the ones that the command knows.
 */
export function shareOwnPackage(): void {
  if (shared) return
  shared = true
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = specifier === "cotyledon" ? { url: entry, shortCircuit: true } : next(specifier, context)
      if (context.parentURL !== undefined && isUsers(context.parentURL) && isUsers(resolved.url)) {
        if (!imports.has(context.parentURL)) imports.set(context.parentURL, new Set())
        imports.get(context.parentURL)!.add(resolved.url)
      }
      return resolved
    },
  })
}

/** Whether modules of the user's were loaded. */
export const loadedOwnCode = (): boolean => shared

/** A digest of a loaded module of the user's and of all modules of theirs that it imports; what packages hold is not part of it. */
export function codeDigest(path: string): Digest {
  const modules = new Set([pathToFileURL(path).href])
  for (const url of modules) for (const imported of imports.get(url) ?? []) modules.add(imported)
  return sha256(
    [...modules]
      .map((url) => sha256(readFileSync(fileURLToPath(url))))
      .sort()
      .join(),
  )
}

const isUsers = (url: string): boolean =>
  url.startsWith("file:") && !url.startsWith(ownFolder) && !url.includes("/node_modules/")
