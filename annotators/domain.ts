import type { ProgramStep } from "../pipelines/runtime/step.ts"
import { text } from "../schemas/columns.ts"
import type { ChatMessage } from "./endpoint/chat.ts"
import type { Endpoint } from "./endpoint/endpoint.ts"
import { seedOf } from "./endpoint/seed.ts"

export interface DomainOptions {
  /** The domains to choose from, in the order in which ties are settled. */
  domains: readonly string[]
  /** Ask the judge; without it, questions without a label are `unknown`. */
  ask: boolean
  seed: number
}

const promptVersion = 1
const shots = [
  ["What is the sum of the first ten odd numbers?", "mathematics"],
  ["What does print(len('abc') * 2) print in Python?", "code"],
  ["Ann is older than Ben and Ben is older than Cem. Who is the youngest?", "logic"],
  ["Which gas do plants take up for photosynthesis?", "science"],
] as const

/**
 * Fills `domain` where the source has none: the judge names one of the given domains. An answer that names none of them, or
 * several, gives `unknown`.
 */
export const domain = (judge: Endpoint, { domains, ask, seed }: DomainOptions): ProgramStep => ({
  kind: "program",
  id: "domain",
  version: 1,
  params: { prompt: promptVersion, model: ask ? judge.identity : null, domains, ask },
  about: "Labels the domain of questions that have none",
  adds: { domain: text() },
  bound: ask ? [{ role: judge.role, calls: 1, inputTokens: 160, outputTokens: 8 }] : [],
  async run(row, effects) {
    if (typeof row.domain === "string" && row.domain !== "") return { keep: [row] }
    if (!ask) return { keep: [{ ...row, domain: "unknown" }] }
    const request = {
      messages: messages(domains, String(row.question)),
      maxTokens: 8,
      temperature: 0,
      seed: seedOf(seed, "domain"),
    }
    const { value } = await effects.settle(judge.chat(request, 0))
    return { keep: [{ ...row, domain: domainIn(value.answer, domains) }] }
  },
})

function messages(domains: readonly string[], question: string): ChatMessage[] {
  return [
    { role: "system", content: `Name the domain of the question with one word: ${domains.join(", ")}.` },
    ...shots
      .filter(([, label]) => domains.includes(label))
      .flatMap(([asked, label]) => [
        { role: "user" as const, content: asked },
        { role: "assistant" as const, content: label },
      ]),
    { role: "user", content: question },
  ]
}

/** The one domain that an answer names. */
export function domainIn(answer: string, domains: readonly string[]): string {
  const said = answer.toLowerCase()
  const named = domains.filter((domain) => said.includes(domain.toLowerCase()))
  return named.length === 1 ? named[0]! : "unknown"
}
