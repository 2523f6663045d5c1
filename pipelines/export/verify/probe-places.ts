import { createReadStream } from "node:fs"
import { join } from "node:path"
import { createGunzip } from "node:zlib"
import type { HandoffManifest } from "../../../schemas/handoff-manifest.ts"

/** A row of a shard. */
export interface RowPlace {
  readonly path: string
  readonly row: number
}

const table = "tokens/token_ids_part_0000.csv.gz"

/** No line of a name and four numbers is longer; a table that has one is not followed. */
const longestLine = 1 << 16

/**
 * Where in sft/ the samples with these ids stand, as dolma's table of documents says: reading all ids of the rows costs ten times as much. A
 * hint only, since the table may be wrong: ids that it does not name, or not plainly, are not in the map. Never rejects.
 */
export async function probePlaces(
  folder: string,
  { shards }: HandoffManifest,
  ids: ReadonlySet<string>,
): Promise<Map<string, RowPlace>> {
  const places = new Map<string, RowPlace>()
  if (!shards.some(({ path }) => path === table)) return places
  const unzipped = createReadStream(join(folder, table))
    .on("error", (error) => unzipped.destroy(error))
    .pipe(createGunzip())
    .setEncoding("utf8")
  try {
    let line = ""
    for await (const chunk of unzipped as AsyncIterable<string>) {
      const lines = (line + chunk).split("\n")
      line = lines.pop()!
      if (line.length > longestLine) break
      for (const text of lines) {
        const [, , id, path, row] = text.split(",", 5)
        if (id !== undefined && ids.has(id) && path !== undefined) places.set(id, { path, row: Number(row) })
      }
    }
  } catch {
    // What is wrong with the file is found where its bytes are looked at.
  }
  return places
}
