// MinHash (Broder 1997) of the shingles of a text, the lowest 8 bits of each minimum (b-bit minwise hashing: Li & König 2010,
// arXiv 0910.3349). Two sketches agree in a position with probability J + (1 - J) / 256 for texts of Jaccard similarity J.

/** Bytes of a sketch, one for each hash function. The standard error of a similarity of 0.8 is 0.035. */
export const sketchBytes = 128

/** Characters of a shingle: short enough for a question of one line, and for scripts without spaces. */
const shingleUnits = 5

const multipliers = new Uint32Array(sketchBytes)
const offsets = new Uint32Array(sketchBytes)
for (let at = 0; at < sketchBytes; at++) {
  multipliers[at] = mixed(2 * at + 1) | 1
  offsets[at] = mixed(0x9e3779b9 ^ (2 * at))
}
const minima = new Uint32Array(sketchBytes)

/**
 * Writes the sketch of a text into `into` at `at`. Letter case, width forms and white space do not count; signs and digits do. The
 * same text gives the same bytes on every machine. Linear in the text, and no memory beyond the normalised text.
 */
export function writeSketch(text: string, into: Uint8Array, at: number): void {
  const plain = text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim()
  minima.fill(0xffffffff)
  const last = Math.max(0, plain.length - shingleUnits)
  for (let start = 0; start <= last; start++) {
    let hash = 0x811c9dc5
    const end = Math.min(plain.length, start + shingleUnits)
    for (let unit = start; unit < end; unit++) hash = Math.imul(hash ^ plain.charCodeAt(unit), 0x01000193)
    hash = mixed(hash)
    for (let i = 0; i < sketchBytes; i++) {
      const value = (Math.imul(hash, multipliers[i]!) + offsets[i]!) >>> 0
      if (value < minima[i]!) minima[i] = value
    }
  }
  for (let i = 0; i < sketchBytes; i++) into[at + i] = mixed(minima[i]!)
}

/** The Jaccard similarity of the shingles of two texts as their sketches, at byte offsets a and b, estimate it: 0 to 1. */
export function similarityOf(sketches: Uint8Array, a: number, b: number): number {
  let equal = 0
  for (let i = 0; i < sketchBytes; i++) if (sketches[a + i] === sketches[b + i]) equal++
  const byChance = 1 / 256
  return Math.max(0, (equal / sketchBytes - byChance) / (1 - byChance))
}

// The finaliser of MurmurHash3: every bit of the input moves every bit of the output.
function mixed(hash: number): number {
  let h = hash | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
