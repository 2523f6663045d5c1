// What models cost and what a run may cost. Everything is in USD, so that sums mean something.
import { z } from "zod"

const perMillion = "USD per million tokens"

/** A price in words that name the unit, for a value that is none. */
const priceError = ({ input }: { input?: unknown }): string | undefined => {
  if (input === undefined) return undefined
  if (typeof input === "string") {
    const amount = /^\s*\$?\s*(\d+(?:\.\d+)?)\s*(?:USD|\$)?\s*$/i.exec(input)?.[1]
    return amount === undefined
      ? `Expected a number of ${perMillion}, got the text ${shown(input)}: convert it to USD`
      : `Expected a number of ${perMillion}, got the text ${shown(input)}: write ${amount}`
  }
  return `Expected a number of ${perMillion}, 0 or more, got ${shown(input)}`
}

const amount = z.number({ error: priceError }).min(0, { error: priceError })

/** Price of a million tokens. A currency may be named, and can only be USD. */
export const priceConfig = z.strictObject(
  {
    input: amount,
    output: amount,
    currency: z
      .literal("USD", {
        error: ({ input }) => `Prices and budgets are in USD, got ${shown(input)}: convert the prices and leave it out`,
      })
      .optional(),
  },
  {
    error: ({ code, input }) =>
      code === "invalid_type"
        ? `Expected {input, output} in ${perMillion}, such as {input: 0.1, output: 0.3}, got ${shown(input)}`
        : undefined,
  },
)

/** A limit that is not one: the remedy depends on what was meant. */
const limitError =
  (key: "tokens" | "usd") =>
  ({ input }: { input?: unknown }): string => {
    const unit = key === "usd" ? "USD" : "tokens"
    if (input === 0)
      return `A budget of 0 ${unit} allows no request: raise it, or leave it out for no limit; \`run --finish\` asks for nothing new`
    return `Expected a number of ${unit} above 0, without a sign or text, got ${shown(input)}`
  }

export const tokenLimit = z.number({ error: limitError("tokens") }).positive({ error: limitError("tokens") })
export const usdLimit = z.number({ error: limitError("usd") }).positive({ error: limitError("usd") })

/** Said of a budget that is no object. */
export const budgetError = ({ code, input }: { code?: string; input?: unknown }): string | undefined =>
  code === "invalid_type"
    ? `Expected {tokens} or {usd} or both, such as {usd: 20}, got ${shown(input)}; leave it out for no limit`
    : undefined

/** Short, and what it is: a number from the command line is no text. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 60)}...` : text
}
