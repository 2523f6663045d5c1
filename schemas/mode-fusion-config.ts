// The defaults of thinking mode fusion, as `config.ts` has those of the cold start.
import { z } from "zod"
import { common, count, note, share } from "./config.ts"
import { thinkingMode } from "./source-sample.ts"

const report = "Qwen3 Technical Report, arXiv 2505.09388, section 4.3"

/** Where samples come from. `columns` maps our names to the source's: `{prompt: "query", answer: "reply"}`. */
export const sampleSourceConfig = z.union([
  z.string().min(1),
  z.strictObject({
    path: note(z.string().min(1), "Folder of a run, or a file, folder or glob"),
    name: note(z.string().min(1).optional(), "Name of rows that name no source; by default the file's name"),
    columns: note(
      z.record(z.string(), z.string()).optional(),
      "Our column name -> the source's: id, messages, prompt, input, system, completion, answer, thinking, category, domain, language",
    ),
    category: note(z.string().min(1).optional(), "Category of its rows that name none"),
    domain: note(z.string().min(1).optional(), "Domain of its rows that name none"),
    language: note(
      z.string().min(1).optional(),
      "Language of its rows that name none, such as en; by default it is read",
    ),
    license: note(z.string().min(1).optional(), "SPDX id, for rows that name none"),
    revision: note(z.string().min(1).optional(), "Revision of the source, carried into every row"),
  }),
])
export type SampleSourceConfig = z.infer<typeof sampleSourceConfig>

const sampleSources = z.union([sampleSourceConfig, z.array(sampleSourceConfig).min(1)])

const sumOf = (shares: Readonly<Record<string, number>>) => Object.values(shares).reduce((sum, one) => sum + one, 0)
const atMostOne = {
  error: "The shares are of the whole and add up to more than 1",
}
const isAtMostOne = (shares: Readonly<Record<string, number>>) => sumOf(shares) <= 1 + 1e-9

const named =
  "shares of the whole, each 0 to 1. Where they add up to less than 1, all other values get the rest as they come; else none"

/** Which shares the set should have. */
export const sharesConfig = z.strictObject({
  mode: note(
    z.partialRecord(thinkingMode, z.number().min(0).max(1)).refine(isAtMostOne, atMostOne).default({
      thinking: 0.6,
      "non-thinking": 0.4,
    }),
    `Modes: ${named}. {}: as they come`,
    { source: "recipe default; the report gives no shares" },
  ),
  category: note(
    z.record(z.string().min(1), z.number().min(0).max(1)).refine(isAtMostOne, atMostOne).default({}),
    `Categories, such as {coding: 0.3, mathematics: 0.3}: ${named}`,
  ),
  language: note(
    z.record(z.string().min(1), z.number().min(0).max(1)).refine(isAtMostOne, atMostOne).default({}),
    `Languages, such as {en: 0.7, zh: 0.2}: ${named}`,
  ),
  cells: note(
    z
      .array(
        z
          .strictObject({
            mode: thinkingMode.optional(),
            category: z.string().min(1).optional(),
            language: z.string().min(1).optional(),
            share: z.number().min(0).max(1),
          })
          .refine(({ mode, category, language }) => (mode ?? category ?? language) !== undefined, {
            error: "Name a mode, a category or a language, or several of them",
          }),
      )
      .default([]),
    "Shares of single cells, such as {mode: non-thinking, category: translation, language: sw, share: 0.02}; the shares above hold as well",
  ),
})
export type SharesConfig = z.infer<typeof sharesConfig>

const weight = (value: number) => z.number().min(0).default(value)
const notAllZero = (weights: Readonly<Record<string, number>>) => sumOf(weights) > 0
const allZero = { error: "All weights are 0" }

/** How `/think` and `/no_think` are put into conversations. */
export const flagsConfig = z.strictObject({
  thinking: note(
    z
      .strictObject({
        user: note(weight(0.6), "` /think` at the end of a user turn, a random one where there are several"),
        system: note(weight(0.1), "` /think` in the system message, which is made where there is none"),
        none: note(weight(0.3), "No flag: thinking is the default"),
      })
      .refine(notAllZero, allZero)
      .prefault({}),
    "Where the flag of thinking samples stands, by weight",
    { source: `recipe default; the report says that some thinking samples carry none (${report})` },
  ),
  nonThinking: note(
    z
      .strictObject({
        user: note(weight(0.9), "` /no_think` at the end of a user turn, a random one where there are several"),
        system: note(weight(0.1), "` /no_think` in the system message, which is made where there is none"),
      })
      .refine(notAllZero, allZero)
      .prefault({}),
    "Where the flag of non-thinking samples stands, by weight",
    { source: "recipe default" },
  ),
  earlier: note(
    share(0.3),
    "Chance that a turn before the deciding one carries a flag too, of either mode: the response follows the last one",
    { source: `recipe default; the report inserts flags at random turns (${report})` },
  ),
  existing: note(
    z.enum(["keep", "remove"]).default("keep"),
    "What becomes of flags that a source has already: they stay, and a sample whose last one asks for the other mode is dropped; or all are taken out first",
  ),
})
export type FlagsConfig = z.infer<typeof flagsConfig>

const { budget: _, ...keys } = common

/** Config of thinking mode fusion. */
export const modeFusionConfig = z.strictObject({
  ...keys,
  rowsPerShard: note(count(4_096), "Rows of a shard", { unit: "rows" }),
  thinking: note(sampleSources, "Thinking samples: the folder of a cold-start run, or files of samples; one or a list"),
  nonThinking: note(
    sampleSources,
    "Non-thinking samples: rows with prompt and completion, with messages, or with a prompt and an answer; one or a list",
  ),
  size: note(
    z.int().min(1).max(0x7fff_ffff).optional(),
    "Rows of the set; by default the most that the samples allow at these shares",
    { unit: "rows" },
  ),
  shares: note(sharesConfig.prefault({}), "Target shares of mode, category and language"),
  maxCopies: note(count(1), "Times that one sample may stand in the set at most", { unit: "copies" }),
  whenShort: note(
    z.enum(["fewer", "stop"]).default("fewer"),
    "When the samples do not suffice for the size at these shares: the largest set that has the shares, with a warning; or the run stops",
  ),
  tolerance: note(share(0.005), "Difference of a found share from the asked one above which the run warns, or stops"),
  flags: note(flagsConfig.prefault({}), "Thinking flags"),
})
/** A checked config of thinking mode fusion, all defaults filled in. */
export type ModeFusionConfig = z.infer<typeof modeFusionConfig>
