import { readFile } from "node:fs/promises"
import { join } from "node:path"
import type { HandoffManifest } from "../../../schemas/handoff-manifest.ts"
import { datasetInfo } from "../launch/llamafactory.ts"
import type { Findings } from "./findings.ts"
import { shardsOf } from "./shard-rows.ts"

const path = "dataset_info.json"

/**
 * LLaMA-Factory's description of the messages view. It follows from the names of the view's files alone, and each of its words decides what
 * is trained: a tag of another name drops turns, another formatting adds a system message.
 */
export async function checkDatasetInfo(folder: string, manifest: HandoffManifest, findings: Findings): Promise<void> {
  const fault = (what: string) => findings.add(path, "dataset_info", what)
  const expected = datasetInfo(shardsOf(manifest, "messages").map((shard) => shard.path))
  const text = await readFile(join(folder, path), "utf8").catch(() => null)
  if (text === null) return fault("LLaMA-Factory's description of the messages view is missing")
  if (text === expected) return
  let got: unknown
  try {
    got = JSON.parse(text)
  } catch (error) {
    return fault(`it is no description of datasets: ${(error as Error).message}`)
  }
  const differences = [...differencesOf(JSON.parse(expected), got)]
  for (const what of differences) fault(what)
  if (differences.length === 0) fault("its text is not as it was written, though it reads the same")
}

/** Where two JSON values part, a text each. */
function* differencesOf(expected: unknown, got: unknown, where = ""): Generator<string> {
  if (isObject(expected) && isObject(got)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(got)]))
      yield* differencesOf(expected[key], got[key], where === "" ? key : `${where}.${key}`)
  } else if (expected !== got) yield `${where || "it"} is ${shown(got)}, expected ${shown(expected)}`
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const shown = (value: unknown): string => (value === undefined ? "not there" : JSON.stringify(value).slice(0, 120))
