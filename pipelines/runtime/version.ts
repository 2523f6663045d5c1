import { readFileSync } from "node:fs"

// Both `pipelines/runtime/` and `dist/pipelines/runtime/` find the package's own file by walking up.
const found = ["../../package.json", "../../../package.json"]
  .map((path) => {
    try {
      return JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as { name?: string; version?: string }
    } catch {
      return {}
    }
  })
  .find(({ name }) => name === "cotyledon")

/** This package's version. */
export const version: string = found?.version ?? "0.0.0"
