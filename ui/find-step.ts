import { type CatalogueEntry, catalogue, type StepEntry, type VerifierEntry } from "../pipelines/catalogue.ts"
import { isModulePath } from "../pipelines/recipes.ts"
import { usageError } from "../pipelines/runtime/errors.ts"
import { nearest } from "../schemas/strict.ts"
import { loadOwnStep } from "./own-step.ts"

/** The step of that id. Throws a usage error with the nearest one. */
export function findEntry(id: string, among: readonly CatalogueEntry[] = catalogue): CatalogueEntry {
  const entry = among.find((entry) => entry.id === id)
  if (entry) return entry
  const ids = among.map((entry) => entry.id)
  const near = nearest(id, ids)
  throw usageError({
    what: `Unknown step ${id}`,
    expected: ids.join(", "),
    remedy: near === null ? "`cotyledon steps` describes them." : `Did you mean ${near}?`,
  })
}

/** A step that `apply` can run. */
export function findStep(id: string): StepEntry {
  const entry = findEntry(id)
  if (entry.kind !== "verifier") return entry
  throw usageError({
    what: `${id} is a verifier`,
    expected: "a filter or an annotator",
    remedy: `cotyledon verify ${id} IN OUT scores completions with it.`,
  })
}

/** A step that `apply` can run, by its id or, for one of the user's own, by the path of a module. */
export const loadStep = async (reference: string): Promise<StepEntry> =>
  isModulePath(reference) ? loadOwnStep(reference) : findStep(reference)

/** A verifier. */
export function findVerifier(id: string): VerifierEntry {
  const verifiers = catalogue.filter((entry) => entry.kind === "verifier")
  const other = catalogue.find((entry) => entry.id === id && entry.kind !== "verifier")
  if (other)
    throw usageError({
      what: `${id} is no verifier but ${other.kind === "annotator" ? "an annotator" : "a filter"}`,
      expected: `one of ${verifiers.map((entry) => entry.id).join(", ")}`,
      remedy: `cotyledon apply ${id} IN OUT runs it.`,
    })
  return findEntry(id, verifiers) as VerifierEntry
}
