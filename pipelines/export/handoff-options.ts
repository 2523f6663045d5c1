import { usageError } from "../runtime/errors.ts"
import { type FamilyModel, family, familyModel } from "./family.ts"

/** What a handoff is written from and for. */
export interface HandoffOptions {
  /** Folder of a finished run whose dataset is samples. */
  readonly run: string
  /** The handoff becomes `to/<sha256 of its manifest>`. */
  readonly to: string
  /** A model of the family; default `8B`. */
  readonly model?: string | undefined
  /** Most tokens of a sample; default 32,768. */
  readonly maxLength?: number | undefined
  /** What becomes of longer ones; default `drop`. */
  readonly overLong?: "drop" | "cut" | undefined
  /** Places of a packed row, at least `maxLength`; default `maxLength`. */
  readonly sequenceLength?: number | undefined
  /** `qwen3`, or the path of a tokenizer.json. */
  readonly tokenizer?: string | undefined
  /** `qwen3`, or the path of a Jinja template. */
  readonly template?: string | undefined
  /**
   * Whether the empty block of a sample without thinking bears loss; default false. A model learns to write the block itself, as an answer to
   * `/no_think`, only where it does.
   */
  readonly emptyThinkLoss?: boolean | undefined
  /** Most rows of a Parquet file; default 20,000. */
  readonly rowsPerFile?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Hears how many samples were read, now and then. */
  readonly onProgress?: ((read: number) => void) | undefined
}

/** Options that are complete and right. */
export interface Settings {
  model: FamilyModel
  maxLength: number
  overLong: "drop" | "cut"
  sequenceLength: number
  emptyThinkLoss: boolean
  rowsPerFile: number
}

/** Reads options; a usageError names the one that cannot be taken. */
export function readSettings(options: HandoffOptions): Settings {
  const { model = "8B", maxLength = 32_768, overLong = "drop", sequenceLength, rowsPerFile = 20_000 } = options
  const found = familyModel(model)
  if (!found)
    throw usageError({
      what: "There is no such model in the family",
      expected: `one of ${family.map(({ name }) => name).join(", ")}`,
      got: model,
    })
  const whole = (name: string, value: number, least: number) => {
    if (!Number.isSafeInteger(value) || value < least || value > found.context)
      throw usageError({
        what: `Cannot take ${name}`,
        expected: `a whole number of tokens from ${least} to ${found.context}, the context of ${found.name}`,
        got: `${value}`,
      })
    return value
  }
  whole("--max-length", maxLength, 16)
  if (overLong !== "drop" && overLong !== "cut")
    throw usageError({ what: "Cannot read --over-long", expected: "drop or cut", got: String(overLong) })
  const places = whole("--sequence-length", sequenceLength ?? maxLength, 16)
  if (places < maxLength)
    throw usageError({
      what: "A packed row must hold the longest sample",
      expected: `--sequence-length of at least ${maxLength} (--max-length)`,
      got: `${places}`,
    })
  const { emptyThinkLoss = false } = options
  return { model: found, maxLength, overLong, sequenceLength: places, emptyThinkLoss, rowsPerFile }
}
