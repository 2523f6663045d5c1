// A program step: asks the outside. Each answer is settled on disk before it is used, so a rerun asks nothing twice.
//   cotyledon apply ./program-step.ts titles.jsonl found.jsonl --set url=http://localhost:9200/count
import { int32, type ProgramStep, RowError, z } from "cotyledon"

export const params = z.strictObject({
  url: z.url().meta({ description: "Service that answers ?q=TITLE with {hits: number}" }),
  index: z.string().default("main").meta({ description: "Name of its index: another one gives other answers" }),
})
export const reads = ["title"]
/** What `--labels COLUMN` compares with. */
export const label = "hits"

/** Adds how many documents of an index have a row's title. */
export default ({ url, index }: z.infer<typeof params>): ProgramStep => ({
  kind: "program",
  id: "hits",
  version: 1,
  params: { index }, // not the URL: where an answer comes from changes nothing about it
  about: "Counts the documents that have a title",
  adds: { hits: int32() },
  async run(row, effects) {
    const { value } = await effects.settle<number>({
      kind: "retrieve",
      identity: index,
      request: { title: row.title },
      sample: 0,
      async perform(signal) {
        const reply = await fetch(`${url}?q=${encodeURIComponent(String(row.title))}`, { signal })
        // A row that fails for a reason outside of it is tried again by the next run.
        if (!reply.ok) throw new RowError("no-answer", `the index answered ${reply.status}`, { retryable: true })
        return { value: ((await reply.json()) as { hits: number }).hits }
      },
    })
    return { keep: [{ ...row, hits: value }] }
  },
})
