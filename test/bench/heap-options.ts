import { readFileSync } from "node:fs"

/** The options of Node that the command's first line sets, as measurements of parts of it should have them. */
export const heapOptions: readonly string[] = readFileSync(new URL("../../ui/bin.ts", import.meta.url), "utf8")
  .split("\n", 1)[0]!
  .split(" ")
  .filter((word) => word.startsWith("--"))
