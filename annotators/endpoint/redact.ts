/** Placeholders such as `EMPTY` and `none` are no secrets, and replacing them would damage ordinary text. */
const shortestSecret = 8

/** Replaces every occurrence of a secret in text that came from a server, which may echo what it was sent. */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const secret of secrets)
    if (secret.length >= shortestSecret && clean.includes(secret)) clean = clean.replaceAll(secret, "[redacted]")
  return clean
}

/** The values of headers that carry a credential by their name. */
export function secretsOfHeaders(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers)
    .filter(([name]) => /auth|key|token|secret|cookie/i.test(name))
    .flatMap(([, value]) => [value, value.replace(/^\w+\s+/, "")])
}

/** A URL without credentials, query and fragment, fit for messages. */
export function publicUrl(url: string): string {
  if (!URL.canParse(url)) return "an invalid URL"
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`.replace(/\/$/, "")
}
