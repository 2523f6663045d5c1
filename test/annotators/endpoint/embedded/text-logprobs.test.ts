import type { Token } from "node-llama-cpp"
import { expect, test } from "vitest"
import { TextLogprobs } from "../../../../annotators/endpoint/embedded/text-logprobs.ts"
import type { TokenBytes } from "../../../../annotators/endpoint/embedded/token-bytes.ts"

const brain = [...new TextEncoder().encode("🧠")]
const pieces = ["Hi", brain.slice(0, 2), brain.slice(2), "<|end|>", "x"].map((piece) =>
  typeof piece === "string" ? new TextEncoder().encode(piece) : Uint8Array.from(piece),
)
const [hi, firstHalf, secondHalf, end, x] = pieces.map((_, token) => token as Token) as [
  Token,
  Token,
  Token,
  Token,
  Token,
]
const vocabulary: TokenBytes = {
  bytesOf: (token) => (token === end ? new Uint8Array(0) : pieces[token]!),
  nameOf: (token) => ({ name: new TextDecoder().decode(pieces[token]), bytes: pieces[token]! }),
}
const at = (chosen: number, ...top: [Token, number][]) => ({
  chosen,
  top: top.map(([token, logprob]) => ({ token, logprob })),
})

test("offsets count characters from the prompt's start; what is no whole character is told by its bytes", () => {
  const table = new TextLogprobs(vocabulary)
  expect(table.prompt([hi, firstHalf, secondHalf], [null, at(-2), at(-3)])).toEqual({
    tokens: ["Hi", "bytes:\\xf0\\x9f", "bytes:\\xa7\\xa0"],
    token_logprobs: [null, -2, -3],
    top_logprobs: [null, { "bytes:\\xf0\\x9f": -2 }, { "bytes:\\xa7\\xa0": -3 }],
    text_offset: [0, 2, 2],
  })
  // The token that ends the turn has a place and no width.
  const generated = [
    { token: x, logprobs: at(-0.5, [x, -0.5], [hi, -1]) },
    { token: end, logprobs: at(-9, [x, -0.1]) },
    { token: hi, logprobs: at(Number.NEGATIVE_INFINITY, [x, -0.1]) },
  ]
  expect(table.generated(generated)).toEqual({
    tokens: ["x", "<|end|>", "Hi"],
    token_logprobs: [-0.5, -9, -9_999],
    top_logprobs: [
      { x: -0.5, Hi: -1 },
      { x: -0.1, "<|end|>": -9 },
      { x: -0.1, Hi: -9_999 },
    ],
    text_offset: [3, 4, 4],
  })
})

test("a prompt that is not scored counts for the offsets alone", () => {
  const table = new TextLogprobs(vocabulary)
  expect(table.prompt([hi, end], []).token_logprobs).toEqual([null, null])
  expect(table.generated([{ token: x, logprobs: at(-1) }]).text_offset).toEqual([9])
})
