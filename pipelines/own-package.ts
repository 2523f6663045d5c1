import { registerHooks } from "node:module"
import { extname } from "node:path"

/** The library's entry beside this file, built or as source. */
const entry = new URL(`../index${extname(import.meta.url)}`, import.meta.url).href
let shared = false

/**
 * Gives every module that imports "cotyledon" from now on this very copy: recipes and configs by path work outside of any installation, and
 * their classes are the ones that the command knows.
 */
export function shareOwnPackage(): void {
  if (shared) return
  shared = true
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "cotyledon" ? { url: entry, shortCircuit: true } : next(specifier, context),
  })
}
