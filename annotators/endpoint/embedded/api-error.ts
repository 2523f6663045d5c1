import type { z } from "zod"

/** An error in OpenAI's shape, with its HTTP status. */
export class ApiError extends Error {
  readonly status: number
  readonly type: string
  readonly param: string | null
  readonly code: string | null

  constructor(
    status: number,
    message: string,
    options: { type?: string; param?: string | null; code?: string | null } = {},
  ) {
    super(message)
    this.status = status
    this.type = options.type ?? "invalid_request_error"
    this.param = options.param ?? null
    this.code = options.code ?? null
  }
}

/** What is wrong with a request's body, by its first fault. */
export function refusalOf(error: z.ZodError): ApiError {
  const issue = error.issues[0]
  if (issue?.code === "unrecognized_keys") {
    const param = [...issue.path, issue.keys[0]].join(".")
    return new ApiError(400, `${param} is not supported by this server`, { param, code: "unsupported_parameter" })
  }
  const param = issue?.path.join(".") || null
  return new ApiError(400, `${param ?? "the body"}: ${issue?.message ?? "not valid"}`, { param })
}

/** The refusal of a prompt that leaves no room for what is asked, in OpenAI's words. */
export const contextExceeded = (contextTokens: number, promptTokens: number, answerTokens: number, param: string) =>
  new ApiError(
    400,
    `This model's maximum context length is ${contextTokens} tokens. However, you requested ${promptTokens + answerTokens} tokens ` +
      `(${promptTokens} in the ${param}, ${answerTokens} in the completion). Please reduce the length of the ${param} or completion.`,
    { param, code: "context_length_exceeded" },
  )
