import type { ModelConfig } from "../../schemas/config.ts"
import { secretsOfHeaders } from "./redact.ts"

/** The header lines of a request, and the values in them that nothing may repeat. */
export interface Credentials {
  readonly headers: Record<string, string>
  readonly secrets: readonly string[]
}

/** A variable that holds no key that could be sent; `empty`: it is not set, or blank. */
export interface NoKey {
  readonly variable: string
  readonly empty: boolean
}

/** What a model's config says of headers and key. The key is read where it stands, at each use: it may be renewed. */
export function credentialsOf(
  { apiKeyEnv, headers }: Pick<ModelConfig, "apiKeyEnv" | "headers">,
  environment: Readonly<Record<string, string | undefined>>,
): Credentials | NoKey {
  if (apiKeyEnv === undefined) return { headers, secrets: secretsOfHeaders(headers) }
  const key = environment[apiKeyEnv]?.trim()
  if (key === undefined || !/^[\u0021-\u007e]+$/.test(key)) return { variable: apiKeyEnv, empty: !key }
  return { headers: { ...headers, Authorization: `Bearer ${key}` }, secrets: [key, ...secretsOfHeaders(headers)] }
}

/** Whether a header line can be sent. */
export function isSendable(name: string, value: string): boolean {
  try {
    new Headers([[name, value]])
    return true
  } catch {
    return false
  }
}
