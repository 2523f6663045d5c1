import type { LlamaGrammar } from "node-llama-cpp"
import { ApiError, contextExceeded } from "./api-error.ts"
import type { ChatCompletionRequest } from "./chat-request.ts"
import { type ChatTemplate, chatTemplateOf } from "./chat-template.ts"
import { type CompletionEnd, type CompletionPiece, complete } from "./completion.ts"
import { grammarSchema, UnsupportedSchema } from "./grammar-schema.ts"
import { loadLlamaModule } from "./llama-module.ts"
import type { GenerationPool } from "./pool.ts"
import type { TokenBytes } from "./token-bytes.ts"

// The grammars end in blank lines rather than in the end of the turn.
const grammarEnd = "\n\n\n\n"

/** Answers checked chat requests with a pool. */
export class ChatEngine {
  readonly pool: GenerationPool
  readonly vocabulary: TokenBytes
  readonly #template: ChatTemplate

  constructor(pool: GenerationPool, vocabulary: TokenBytes) {
    this.pool = pool
    this.vocabulary = vocabulary
    this.#template = chatTemplateOf(pool.model)
  }

  /**
   * Begins an answer: its prompt's length, and its pieces. Throws an `ApiError` when the prompt leaves no room for one
   * token or the schema cannot be held to.
   */
  async answer(
    request: ChatCompletionRequest,
    signal: AbortSignal,
    client: string,
  ): Promise<{ promptTokens: number; pieces: AsyncGenerator<CompletionPiece, CompletionEnd, void> }> {
    const prompt = this.#template(
      request.messages,
      request.enableThinking === null ? {} : { enable_thinking: request.enableThinking },
    )
    const room = this.pool.contextTokens - prompt.length
    if (room < 1) throw contextExceeded(this.pool.contextTokens, prompt.length, 1, "messages")
    const grammar = await this.#grammar(request.format)
    const { LlamaGrammarEvaluationState } = await loadLlamaModule()
    const pieces = complete(
      this.pool,
      this.vocabulary,
      {
        prompt,
        sampling: request.sampling,
        maxTokens: Math.min(request.maxTokens ?? room, room),
        stop: grammar ? [...request.stop, grammarEnd] : request.stop,
        topLogprobs: request.topLogprobs,
        grammar: grammar && new LlamaGrammarEvaluationState({ model: this.pool.model, grammar }),
      },
      signal,
      { client },
    )
    return { promptTokens: prompt.length, pieces }
  }

  async #grammar(format: ChatCompletionRequest["format"]): Promise<LlamaGrammar | null> {
    if (!format) return null
    const schema = format.kind === "json" ? { type: "object" } : format.schema
    try {
      // The parameter's type follows a schema that stands in the code; this one was checked just now.
      return await this.pool.llama.createGrammarForJsonSchema(grammarSchema(schema) as never)
    } catch (error) {
      const path = error instanceof UnsupportedSchema ? error.path : "schema"
      throw new ApiError(400, `response_format: ${(error as Error).message}`, {
        param: `response_format.json_schema.${path}`,
      })
    }
  }
}
