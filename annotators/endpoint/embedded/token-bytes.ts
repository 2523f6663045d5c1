import type { LlamaModel, Token } from "node-llama-cpp"

/** The bytes and the name of each token of a vocabulary. */
export interface TokenBytes {
  /** What the token adds to the text: no bytes for a control token, maybe part of a character for another. */
  bytesOf(token: Token): Uint8Array
  /** The token as text for people and log-probabilities: a control token by its name, cut characters as U+FFFD. */
  nameOf(token: Token): { name: string; bytes: Uint8Array }
}

/**
 * Reads the vocabulary of a byte-level BPE model, where each byte stands as one printable character (Radford et al. 2019,
 * `bytes_to_unicode`). Throws for a model with another kind of tokenizer.
 */
export function tokenBytesOf(model: LlamaModel): TokenBytes {
  const { model: kind, tokens } = model.fileInfo.metadata.tokenizer.ggml
  if (kind !== "gpt2") throw new Error(`expected a byte-level BPE tokenizer (gpt2), got ${kind}`)
  const decoder = new TextDecoder()
  const nothing = new Uint8Array(0)
  const isControl = (token: Token) => model.getTokenAttributes(token).control

  const decode = (token: Token): Uint8Array => {
    const piece = tokens[token]
    if (piece === undefined) throw new Error(`no token ${token} in the vocabulary`)
    return bytesOfPiece(piece)
  }
  return {
    bytesOf: (token) => (isControl(token) ? nothing : decode(token)),
    nameOf(token) {
      const bytes = decode(token)
      return { name: decoder.decode(bytes), bytes }
    },
  }
}

function bytesOfPiece(piece: string): Uint8Array {
  const bytes: number[] = []
  for (const character of piece) {
    const byte = byteOfCharacter.get(character)
    if (byte === undefined) bytes.push(...new TextEncoder().encode(character))
    else bytes.push(byte)
  }
  return Uint8Array.from(bytes)
}

const byteOfCharacter = new Map<string, number>()
for (let byte = 0, shifted = 256; byte < 256; byte++) {
  const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
  byteOfCharacter.set(String.fromCodePoint(printable ? byte : shifted++), byte)
}
