import { defaultModelName, type EmbeddedModel, findModel } from "../../../../annotators/endpoint/embedded/catalogue.ts"
import { getWeights, type Weights } from "../../../../annotators/endpoint/embedded/weights.ts"

/** The default model for tests that run it. */
export const model: EmbeddedModel = findModel(defaultModelName)

/** Its weights, fetched if need be; or why they cannot be had on this machine. */
export const weights: Weights | string = await getWeights(model.name).catch((error: Error) => error.message)

/** What to write behind a suite's name when it is skipped. */
export const why = typeof weights === "string" ? ` (skipped: ${weights.replaceAll("\n", "; ")})` : ""

/** Path of the weights, in suites that are not skipped. */
export const weightsPath = typeof weights === "string" ? "" : weights.path
