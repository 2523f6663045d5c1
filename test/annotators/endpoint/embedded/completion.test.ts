import type { Token } from "node-llama-cpp"
import { describe, expect, it } from "vitest"
import { type CompletionPiece, complete } from "../../../../annotators/endpoint/embedded/completion.ts"
import type { GenerationPool } from "../../../../annotators/endpoint/embedded/pool.ts"
import type { TokenBytes } from "../../../../annotators/endpoint/embedded/token-bytes.ts"

/** Runs `complete` over a stand-in pool that generates the given chunks of bytes; an empty one ends the turn. */
async function run(chunks: (string | number[])[], stop: string[] = []) {
  const bytes = chunks.map((chunk) =>
    typeof chunk === "string" ? new TextEncoder().encode(chunk) : Uint8Array.from(chunk),
  )
  let freed = false
  const pool = {
    async *generate() {
      try {
        for (const [token, chunk] of bytes.entries())
          yield { token: token as Token, end: chunk.length === 0, logprobs: { chosen: -1, top: [] } }
      } finally {
        freed = true
      }
    },
  } as unknown as GenerationPool
  const vocabulary = { bytesOf: (token: Token) => bytes[token] } as unknown as TokenBytes
  const request = {
    prompt: [],
    sampling: { temperature: 0, topP: 1, topK: 0, minP: 0, seed: 0 },
    maxTokens: 99,
    stop,
    topLogprobs: 0,
    grammar: null,
  }
  const pieces: CompletionPiece[] = []
  const iterator = complete(pool, vocabulary, request, new AbortController().signal)
  let step = await iterator.next()
  while (!step.done) {
    pieces.push(step.value)
    step = await iterator.next()
  }
  return {
    texts: pieces.map(({ text }) => text),
    text: pieces.map(({ text }) => text).join(""),
    tokens: pieces.flatMap(({ tokens }) => tokens.map(({ token }) => Number(token))),
    end: step.value,
    freed,
  }
}

describe("complete", () => {
  it("gives text as it comes, and how it ended", async () => {
    expect(await run(["Hel", "lo", ""])).toMatchObject({
      texts: ["Hel", "lo", ""],
      tokens: [0, 1, 2],
      end: { finish: "stop", outputTokens: 3 },
    })
    expect((await run(["Hel", "lo"])).end).toEqual({ finish: "length", outputTokens: 2 })
  })

  it("never cuts a character, and marks one that the end cuts", async () => {
    const brain = [...new TextEncoder().encode("🧠")]
    expect(await run([brain.slice(0, 1), brain.slice(1, 3), brain.slice(3), "!"])).toMatchObject({ texts: ["🧠", "!"] })
    expect((await run(["a", brain.slice(0, 2)])).text).toBe("a\ufffd")
  })

  it("holds back what may become a stop text, and gives it when it does not", async () => {
    expect(await run(["a", "EN", "T", "END", "x"], ["END"])).toMatchObject({
      texts: ["a", "ENT", ""],
      text: "aENT",
      tokens: [0, 1, 2],
      end: { finish: "stop", outputTokens: 4 },
      freed: true,
    })
  })

  it("stops at the first of several stop texts, in the middle of a token and across tokens", async () => {
    expect((await run(["one tw", "o three"], ["three", "two"])).text).toBe("one ")
    expect((await run(["aXbYc"], ["Y", "X"])).text).toBe("a")
    expect((await run(["\n", "\n", "x"], ["\n\n"])).text).toBe("")
  })

  it("ends with what it held back when the turn ends", async () => {
    expect((await run(["a\n", ""], ["\n\n"])).text).toBe("a\n")
  })
})
