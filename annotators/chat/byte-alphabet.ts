// Byte-level BPE writes each byte as one printable character (Radford et al. 2019, `bytes_to_unicode`): printable Latin-1 stands for
// itself, the other bytes, in order, for U+0100 and on.

const isPrintable = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad)

/** The code point that stands for each byte. */
export const characterOfByte: readonly number[] = (() => {
  let next = 0x100
  return Array.from({ length: 256 }, (_, byte) => (isPrintable(byte) ? byte : next++))
})()

/** The byte that each code point stands for; -1 where it is none of the alphabet. Ends after the last that is one. */
export const byteOfCharacter: Int16Array = (() => {
  const bytes = new Int16Array(Math.max(...characterOfByte) + 1).fill(-1)
  for (const [byte, character] of characterOfByte.entries()) bytes[character] = byte
  return bytes
})()
