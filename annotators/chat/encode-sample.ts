import { RowError } from "../../pipelines/runtime/errors.ts"
import { checkConversation } from "./check-conversation.ts"
import { templateMarker } from "./control-tokens.ts"
import type { Message } from "./conversation.ts"
import { isBlank } from "./python-text.ts"
import { emptyThinkBlock, generationPrompt, renderConversation } from "./render-conversation.ts"
import { closeTag, openTag } from "./think-tags.ts"
import type { Tokenizer } from "./tokenizer.ts"

/** Tokens [start, end) of one kind. */
export interface TokenSpan {
  /**
   * `template`: markers, role names, think tags and the line breaks that belong to them. `prompt`: what stands in the turns before the
   * completion. `thinking`: all between the think tags. `answer`: what follows them, up to the turn's end.
   */
  readonly kind: "template" | "prompt" | "thinking" | "answer"
  readonly start: number
  readonly end: number
}

/** A training sample as a trainer sees it. */
export interface EncodedSample {
  /** [length] */
  readonly inputIds: Int32Array
  /** [length]; -100 where there is no loss. */
  readonly labels: Int32Array
  /** In order, without gaps, over all tokens. */
  readonly spans: readonly TokenSpan[]
  /** Labels that are not -100. */
  readonly trainedTokens: number
}

/** A row of F3: the columns that decide the tokens. */
export interface TrainingSample {
  readonly prompt: readonly Message[]
  /** One assistant's turn, its think block in the content. */
  readonly completion: readonly Message[]
  readonly enable_thinking: boolean
  readonly tools?: readonly unknown[] | null
}

/** The label of a token without loss. */
export const untrained = -100

const turnEnd = "<|im_end|>"

/** A marker at one place of a text. */
const markerHere = new RegExp(templateMarker.source, "y")

/**
 * Text, ids and labels of a training sample under the stock template, as a trainer that splits prompt and completion has them (TRL):
 * the text of all turns, its ids those of Hugging Face's tokenizer, and a loss on the completion alone. That is what follows
 * `<|im_start|>assistant\n`, the turn's end and its line feed included, and without thinking what follows the empty block, or with it
 * where `emptyThinkLoss` is set.
 *
 * Throws a RowError for what `checkConversation` refuses and for: `bad-completion` (not one assistant's turn that starts with
 * `<think>\n...\n</think>\n\n`, the one form that every loader keeps), `mode-mismatch` (the block is empty in thinking mode, or not
 * empty without), `empty-answer`, `no-question` (the prompt ends otherwise than with a user's or a tool's turn, or holds no question: the
 * template would drop the thinking), `not-prefix-exact` (the answer starts with white space that the tokenizer joins to the
 * template's: prompt and whole would be tokenised differently).
 */
export function encodeSample(
  sample: TrainingSample,
  tokenizer: Tokenizer,
  { emptyThinkLoss = false }: { emptyThinkLoss?: boolean } = {},
): EncodedSample {
  const { thinking, answer } = checkedCompletion(sample)
  const out = new TokenList(tokenizer)
  const { prompt, tools = null, completion } = sample
  out.prompt(renderConversation({ messages: prompt, tools, add_generation_prompt: true }))
  const start = out.length
  out.marker(openTag)
  out.text(`\n${thinking}\n`, sample.enable_thinking ? "thinking" : "template")
  out.marker(closeTag)
  const exact = out.answer(answerText(answer, completion[0]!))
  const trainsBlock = sample.enable_thinking || emptyThinkLoss
  if (!trainsBlock && !exact)
    throw new RowError(
      "not-prefix-exact",
      "completion[0].content: the answer starts with white space that the tokenizer joins to the line feeds before it",
    )
  out.marker(turnEnd)
  out.text("\n", "template")
  return out.encoded(trainsBlock ? start : out.answerStart)
}

/**
 * The parts of a completion in the one form that is kept by every loader. Throws a RowError as `encodeSample` does, whatever the template;
 * `control` is what its texts must not hold.
 */
export function checkedCompletion(
  { prompt, completion, enable_thinking: thinks, tools }: TrainingSample,
  control?: RegExp,
): { thinking: string; answer: string } {
  const [turn] = completion
  if (completion.length !== 1 || turn?.role !== "assistant")
    throw new RowError("bad-completion", `completion: expected one assistant's turn, got ${rolesOf(completion)}`)
  const last = prompt.at(-1)?.role
  if (last !== "user" && last !== "tool")
    throw new RowError("no-question", `prompt: expected a user's or a tool's turn at its end, got ${last ?? "none"}`)
  checkConversation({ messages: [...prompt, ...completion], tools: tools ?? null }, control)
  if (!prompt.some(isQuestion)) throw new RowError("no-question", "prompt: expected a user's question, got none")
  const { content } = turn
  const head = `${openTag}\n`
  const tail = `\n${closeTag}\n\n`
  const close = typeof content === "string" && content.startsWith(head) ? content.indexOf(tail, head.length - 1) : -1
  if (typeof content !== "string" || close < 0 || turn.reasoning_content != null)
    throw new RowError(
      "bad-completion",
      `completion[0].content: expected <think>\\n...\\n</think>\\n\\n and the answer, got ${shown(content)}`,
    )
  const thinking = content.slice(head.length, Math.max(close, head.length))
  const answer = content.slice(close + tail.length)
  if (thinking.startsWith("\n") || thinking.endsWith("\n") || answer.startsWith("\n"))
    throw new RowError("bad-completion", "completion[0].content: expected no further line feeds at the think tags")
  if (thinks === isBlank(thinking))
    throw new RowError(
      "mode-mismatch",
      `completion[0].content: expected ${thinks ? "thinking" : "the empty block"} with enable_thinking ${thinks}`,
    )
  if (thinks ? false : content.slice(0, emptyThinkBlock.length) !== emptyThinkBlock)
    throw new RowError(
      "bad-completion",
      `completion[0].content: expected ${JSON.stringify(emptyThinkBlock)} at its start`,
    )
  if (isBlank(answer) && !(turn.tool_calls && turn.tool_calls.length > 0))
    throw new RowError("empty-answer", "completion[0].content: expected an answer behind the think block, got none")
  return { thinking, answer }
}

function isQuestion({ role, content }: Message): boolean {
  if (role !== "user" || typeof content !== "string") return false
  return !(content.startsWith("<tool_response>") && content.endsWith("</tool_response>"))
}

/** The answer with the calls of tools that the template writes behind it. */
function answerText(answer: string, { tool_calls: calls }: Message): string {
  if (!calls || calls.length === 0) return answer
  const turn = renderConversation({ messages: [{ role: "assistant", content: answer, tool_calls: calls }] })
  return turn.slice(generationPrompt.length, -`${turnEnd}\n`.length)
}

const rolesOf = (turns: readonly Message[]) => (turns.length === 0 ? "none" : turns.map(({ role }) => role).join(", "))

const shown = (content: unknown) =>
  typeof content === "string" ? JSON.stringify(content.slice(0, 40)) : typeof content

type Kind = TokenSpan["kind"]

/**
 * Ids of the template's own words: its markers, line feeds and the heads of turns. They are the same in every sample, and short: asking for
 * them costs more than the ids of a sentence.
 */
class FixedIds {
  static readonly #of = new WeakMap<Tokenizer, FixedIds>()
  readonly #tokenizer: Tokenizer
  readonly #markers = new Map<string, Int32Array | null>()
  readonly #texts = new Map<string, Int32Array>()

  private constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer
  }

  static of(tokenizer: Tokenizer): FixedIds {
    let ids = FixedIds.#of.get(tokenizer)
    if (!ids) {
      ids = new FixedIds(tokenizer)
      FixedIds.#of.set(tokenizer, ids)
    }
    return ids
  }

  /** Null where the tokenizer has no such token. */
  marker(token: string): Int32Array | null {
    let ids = this.#markers.get(token)
    if (ids === undefined) {
      const id = this.#tokenizer.tokenId(token)
      ids = id === undefined ? null : Int32Array.of(id)
      this.#markers.set(token, ids)
    }
    return ids
  }

  text(text: string): Int32Array {
    let ids = this.#texts.get(text)
    if (!ids) {
      ids = this.#tokenizer.encode(text)
      // A prompt may have turns of any role: only the first few are the template's.
      if (this.#texts.size < 64) this.#texts.set(text, ids)
    }
    return ids
  }
}

/** Ids of the sample that is encoded; it grows to the longest. */
let gathered = new Int32Array(1 << 14)

class TokenList {
  readonly #tokenizer: Tokenizer
  readonly #fixed: FixedIds
  readonly #spans: { kind: Kind; start: number; end: number }[] = []
  length = 0
  /** Where the answer itself starts. */
  answerStart = 0

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer
    this.#fixed = FixedIds.of(tokenizer)
  }

  #push(ids: Int32Array, kind: Kind, from = 0, to = ids.length): void {
    if (from === to) return
    const start = this.length
    const end = start + to - from
    if (end > gathered.length) {
      const longer = new Int32Array(Math.max(2 * gathered.length, end))
      longer.set(gathered)
      gathered = longer
    }
    // A call into C++ costs more than a short copy.
    if (to - from > 64) gathered.set(ids.subarray(from, to), start)
    else for (let at = from; at < to; at++) gathered[start + at - from] = ids[at]!
    const last = this.#spans.at(-1)
    if (last?.kind === kind) last.end = end
    else this.#spans.push({ kind, start, end })
    this.length = end
  }

  /** One of the template's markers. */
  marker(token: string): void {
    const ids = this.#fixed.marker(token)
    if (!ids)
      throw new RowError("foreign-tokenizer", `the tokenizer has no token ${token}: it does not belong to the template`)
    this.#push(ids, "template")
  }

  text(text: string, kind: Kind): void {
    this.#push(text === "\n" ? this.#fixed.text(text) : this.#encode(text), kind)
  }

  #encode(text: string): Int32Array {
    return text.includes("<") ? this.#tokenizer.encodeMarkup(text) : this.#tokenizer.encode(text)
  }

  /** Rendered turns. */
  prompt(text: string): void {
    let before = ""
    let from = 0
    for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at)) {
      markerHere.lastIndex = at
      const marker = markerHere.exec(text)?.[0]
      if (marker === undefined) {
        at++
        continue
      }
      this.#between(text.slice(from, at), before)
      this.marker(marker)
      before = marker
      at += marker.length
      from = at
    }
    this.#between(text.slice(from), before)
  }

  /** What stands behind a marker, up to the next. */
  #between(text: string, before: string): void {
    if (before === "<|im_start|>") this.#turn(text)
    else if (text !== "") this.text(text, text === "\n" ? "template" : "prompt")
  }

  /** A role, a line feed and the start of the turn's content. */
  #turn(text: string): void {
    const feed = text.indexOf("\n")
    this.#headed(text, text.slice(0, feed < 0 ? text.length : feed + 1), "prompt")
  }

  /** The answer behind the block's line feeds. False where the tokenizer joins it to them. */
  answer(answer: string): boolean {
    const exact = this.#headed(`\n\n${answer}`, "\n\n", "answer")
    return exact
  }

  /** A text whose head is the template's. Where a token reaches over the border, it and all behind it are content. */
  #headed(text: string, head: string, kind: Kind): boolean {
    const own = this.#fixed.text(head)
    const ids = text === head ? own : this.#encode(text)
    let same = 0
    while (same < own.length && own[same] === ids[same]) same++
    this.#push(ids, "template", 0, same)
    this.answerStart = this.length
    this.#push(ids, kind, same)
    return same === own.length
  }

  encoded(from: number): EncodedSample {
    const inputIds = gathered.slice(0, this.length)
    const labels = gathered.slice(0, this.length).fill(untrained, 0, from)
    return { inputIds, labels, spans: this.#spans, trainedTokens: this.length - from }
  }
}
