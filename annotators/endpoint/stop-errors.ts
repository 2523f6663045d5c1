import { type CotyledonError, stopError, usageError } from "../../pipelines/runtime/errors.ts"
import type { ModelConfig } from "../../schemas/config.ts"
import type { CallFault, Outcome } from "./outcome.ts"
import { publicUrl } from "./redact.ts"

/** Whose error it is: the role, its config, and the servers that it was found on. */
export interface Blamed {
  role: string
  config: ModelConfig
  baseUrls: readonly string[]
  /** The model that was asked for; by default the config's. */
  model?: string | undefined
}

/** An outcome that no other request would escape. */
export function stopErrorOf(
  { role, config, baseUrls, model = config.model }: Blamed,
  fault: CallFault,
  remedy: string,
): CotyledonError {
  const { apiKeyEnv } = config
  const key = apiKeyEnv === undefined ? `models.${role}.apiKeyEnv is not set` : `the key in ${apiKeyEnv}`
  const what: Partial<Record<Outcome, string>> = {
    unauthorised: `the ${role} endpoint refused access (${key})`,
    "model-not-found": `${config.replicas.length > 0 && baseUrls.length === 1 ? "a replica of " : ""}the ${role} endpoint does not know the model ${JSON.stringify(model ?? "")}`,
    "quota-exhausted": `the quota of the ${role} endpoint is used up`,
    "wrong-address": `the ${role} endpoint has no chat completions at this address`,
    "out-of-sockets": `no more connections to the ${role} endpoint can be opened`,
  }
  return stopError({
    what: what[fault.outcome] ?? fault.outcome,
    where: `models.${role}, ${baseUrls.map(publicUrl).join(", ")}`,
    got: fault.message,
    remedy,
  })
}

/** A server that has never answered. */
export const unreachable = ({ role, baseUrls }: Blamed, fault: CallFault): CotyledonError =>
  stopError({
    what: `cannot reach the ${role} endpoint`,
    where: `models.${role}.baseUrl, ${baseUrls.map(publicUrl).join(", ")}`,
    got: fault.message,
    remedy: "is the server running? Start it or correct the base URL, then run again",
  })

/** A server that takes no temperature or nucleus mass, or not this one: every request would meet the same refusal. */
export const samplingRefused = ({ role }: Blamed, key: "temperature" | "topP", fault: CallFault): CotyledonError =>
  stopError({
    what: `the ${role} endpoint refuses the sampling parameter ${key}`,
    where: `models.${role}.${key}`,
    got: fault.message,
    remedy: `set models.${role}.${key} to a value that it takes, or to null to send none`,
  })

/** A key that is to come from an environment variable and does not. */
export const keyMissing = ({ role }: Blamed, variable: string, isSet: boolean): CotyledonError =>
  usageError({
    what: `the environment variable ${variable} ${isSet ? "holds no API key (white space or non-ASCII characters)" : "is not set"}`,
    where: `models.${role}.apiKeyEnv`,
    remedy: `set ${variable} to the API key of the ${role} endpoint`,
  })

/** A config without a model's name, and a server without exactly one. */
export const severalModels = ({ role }: Blamed, names: readonly string[]): CotyledonError =>
  usageError({
    what: `the ${role} endpoint serves ${names.length} models`,
    where: `models.${role}.model`,
    expected: "the name of one of them",
    got: names.length === 0 ? "none to choose from" : names.slice(0, 10).join(", "),
    remedy: `set models.${role}.model`,
  })

/** A config without a model's name, and a server that does not tell it. */
export const unlistedModels = ({ role, baseUrls }: Blamed, fault: CallFault): CotyledonError =>
  usageError({
    what: `the ${role} endpoint does not list its models (${fault.message})`,
    where: `models.${role}.model, ${baseUrls.map(publicUrl).join(", ")}`,
    remedy: `set models.${role}.model, or correct the base URL`,
  })

/** A key of the extra body that has a place of its own. */
export const reservedInExtraBody = (role: string, { key, place }: { key: string; place: string }): CotyledonError =>
  usageError({
    what: `the key "${key}" cannot stand in the extra body`,
    where: `models.${role}.extraBody.${key}`,
    remedy: `it is set by ${place.replace("*", role)}`,
  })

/** A base URL that is none. It is not shown: it may hold credentials. */
export const badBaseUrl = (role: string, path: string): CotyledonError =>
  usageError({
    what: `the base URL of the ${role} endpoint is not a URL`,
    where: `models.${role}.${path}`,
    expected: "http:// or https://, a host and a path, e.g. http://localhost:8000/v1",
    remedy: `correct models.${role}.${path}`,
  })

/** A header that HTTP cannot carry. Its value is not shown: it may be a secret. */
export const badHeader = (role: string, name: string): CotyledonError =>
  usageError({
    what: "a header holds characters that HTTP cannot carry",
    where: `models.${role}.headers.${name}`,
    remedy: "remove line breaks, control and non-Latin characters from its name and value",
  })
