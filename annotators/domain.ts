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
  /** Tokens for a judge that thinks first: what it gets when a word's worth of tokens ends within its thinking. */
  maxTokens: number
  seed: number
}

/** Room for the word. */
const wordTokens = 8

const promptVersion = 1
/** What small models need to be told of the usual domains. */
const glosses: Record<string, string> = {
  mathematics: "numbers and amounts",
  code: "programs",
  logic: "conclusions and order",
  science: "nature",
}
/** What judges say instead of the usual domains. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  mathematics:
    "math maths arithmetic algebra geometry mathématiques mathematik matemáticas matemática математика 数学 數學 수학".split(
      " ",
    ),
  code: [
    "computer science",
    ..."coding programming programs python javascript programmation programmierung programación 代码 编程 程序 计算机".split(
      " ",
    ),
  ],
  logic: "reasoning logique logik lógica логика 逻辑 邏輯 論理 논리".split(" "),
  science:
    "sciences physics chemistry biology wissenschaft naturwissenschaft ciencia ciencias наука 科学 科學 物理 化学 生物 과학".split(
      " ",
    ),
}
const shots = [
  ["What is 6 + 7?", "mathematics"],
  ['In Python, what does len("cat") return?', "code"],
  ["Which gas do humans breathe in to live?", "science"],
  ["All dogs are mammals. Rex is a dog. Is Rex a mammal?", "logic"],
  ["A bag holds 4 oranges. How many oranges are in 6 bags?", "mathematics"],
  ["In Python, what does print(10 - 3) print?", "code"],
  ["What is the largest organ of the human body?", "science"],
  ["Ann is older than Ben. Ben is older than Cy. Who is the youngest?", "logic"],
] as const

/**
 * Fills `domain` where the source has none: the judge names one of the given domains. An answer that names none of them, or
 * several, gives `unknown`.
 */
export const domain = (judge: Endpoint, { domains, ask, maxTokens, seed }: DomainOptions): ProgramStep => ({
  kind: "program",
  id: "domain",
  version: 2,
  params: { prompt: promptVersion, model: ask ? judge.params : null, domains, ask, ...(ask && { maxTokens }) },
  about: "Labels the domain of questions that have none",
  adds: { domain: text() },
  bound: ask ? [{ role: judge.role, calls: 2, inputTokens: promptTokens(domains), outputTokens: maxTokens }] : [],
  async run(row, effects) {
    if (typeof row.domain === "string" && row.domain !== "") return { keep: [row] }
    if (!ask) return { keep: [{ ...row, domain: "unknown" }] }
    const request = {
      messages: domainMessages(domains, String(row.question)),
      maxTokens: wordTokens,
      temperature: 0,
      seed: seedOf(seed, "domain"),
    }
    const { value } = await effects.settle(judge.chat(request, 0))
    const cutInThought = value.finish === "length" && value.thinking !== null && value.answer.trim() === ""
    const { answer } = cutInThought
      ? (await effects.settle(judge.chat({ ...request, maxTokens: Math.max(maxTokens, wordTokens) }, 0))).value
      : value
    return { keep: [{ ...row, domain: domainIn(answer, domains) }] }
  },
})

const promptTokens = (domains: readonly string[]): number =>
  Math.ceil(Buffer.byteLength(JSON.stringify(domainMessages(domains, ""))) / 3)

/** The messages that ask for one of the domains. */
export function domainMessages(domains: readonly string[], question: string): ChatMessage[] {
  const named = domains.map((domain) => (glosses[domain] ? `${domain}: ${glosses[domain]}.` : `${domain}.`))
  return [
    { role: "system", content: `Name the subject with one word. ${named.join(" ")}` },
    ...shots
      .filter(([, label]) => domains.includes(label))
      .flatMap(([asked, label]) => [
        { role: "user" as const, content: asked },
        { role: "assistant" as const, content: label },
      ]),
    { role: "user", content: question },
  ]
}

/** The one domain that an answer names, by its own name or, for the usual ones, by another of the field or in another language. */
export function domainIn(answer: string, domains: readonly string[]): string {
  const names = domains
    .flatMap((domain) => [
      { domain, name: domain.toLowerCase() },
      ...(otherNames[domain] ?? []).filter((name) => !domains.includes(name)).map((name) => ({ domain, name })),
    ])
    .toSorted((a, b) => b.name.length - a.name.length)
  const named = new Set<string>()
  // The longest first, each taken out: "computer science" is no science.
  let said = answer.toLowerCase()
  for (const { domain, name } of names) {
    const rest = said.replaceAll(asWord(name), " ")
    if (rest !== said) named.add(domain)
    said = rest
  }
  const [only] = named
  return named.size === 1 ? only! : "unknown"
}

/** Words of scripts with spaces stand alone. */
const asWord = (name: string): RegExp => {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
  return /^[\p{Script=Latin}\p{Script=Cyrillic}]/u.test(name)
    ? new RegExp(`(?<!\\p{L})${escaped}(?!\\p{L})`, "gu")
    : new RegExp(escaped, "gu")
}
