// The models that a handoff is for: Qwen3 Technical Report (arXiv 2505.09388), tables 1 and 2, and the widths of their configs.

/** One model of the family. */
export interface FamilyModel {
  /** As `--model` names it. */
  readonly name: string
  /** Its repository: the base checkpoint where one was released, else the trained one. */
  readonly repository: string
  readonly layers: number
  readonly hidden: number
  /** Width of the feed-forward layer; of one expert for a mixture of experts. */
  readonly feedForward: number
  readonly queryHeads: number
  readonly keyValueHeads: number
  readonly tied: boolean
  /** Tokens that it can read. */
  readonly context: number
  readonly experts: { readonly all: number; readonly active: number } | null
  /** Accelerators that its configs are laid out for, and how a layer is split over them. */
  readonly accelerators: number
  readonly tensorParallel: number
}

const experts = { all: 128, active: 8 }
const model = (
  name: string,
  repository: string,
  [layers, hidden, feedForward, queryHeads, keyValueHeads]: [number, number, number, number, number],
  [tied, contextK]: [boolean, number],
  [accelerators, tensorParallel]: [number, number],
  mixture: FamilyModel["experts"] = null,
): FamilyModel => ({
  name,
  repository: `Qwen/${repository}`,
  layers,
  hidden,
  feedForward,
  queryHeads,
  keyValueHeads,
  tied,
  context: contextK * 1_024,
  experts: mixture,
  accelerators,
  tensorParallel,
})

/** From the smallest to the largest. */
export const family: readonly FamilyModel[] = [
  model("0.6B", "Qwen3-0.6B-Base", [28, 1_024, 3_072, 16, 8], [true, 32], [8, 1]),
  model("1.7B", "Qwen3-1.7B-Base", [28, 2_048, 6_144, 16, 8], [true, 32], [8, 1]),
  model("4B", "Qwen3-4B-Base", [36, 2_560, 9_728, 32, 8], [true, 128], [8, 2]),
  model("8B", "Qwen3-8B-Base", [36, 4_096, 12_288, 32, 8], [false, 128], [8, 4]),
  model("14B", "Qwen3-14B-Base", [40, 5_120, 17_408, 40, 8], [false, 128], [8, 4]),
  model("32B", "Qwen3-32B", [64, 5_120, 25_600, 64, 8], [false, 128], [16, 8]),
  model("30B-A3B", "Qwen3-30B-A3B-Base", [48, 2_048, 768, 32, 4], [false, 128], [8, 4], experts),
  model("235B-A22B", "Qwen3-235B-A22B", [94, 4_096, 1_536, 64, 4], [false, 128], [64, 4], experts),
]

/** A model by its name: `8B`, `Qwen3-8B`, `Qwen3-8B-Base` or `Qwen/Qwen3-8B-Base`; undefined where there is none. */
export function familyModel(name: string): FamilyModel | undefined {
  const short = name
    .toLowerCase()
    .replace(/^qwen\//, "")
    .replace(/^qwen3-/, "")
    .replace(/-base$/, "")
  return family.find((of) => of.name.toLowerCase() === short)
}
