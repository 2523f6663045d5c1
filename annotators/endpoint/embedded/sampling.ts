/** How the next token is drawn. A temperature of 0 takes the likeliest token. */
export interface Sampling {
  temperature: number
  /** Nucleus mass, over 0 to 1; 1 is off. */
  topP: number
  /** The likeliest tokens that may be drawn; 0 is off. */
  topK: number
  /** Share of the likeliest token's probability that a token needs; 0 is off. */
  minP: number
  /** 32 bits. */
  seed: number
}

/**
 * Draws a token from a distribution that is sorted from the likeliest down, in llama.cpp's order: top-k, top-p, min-p,
 * temperature. `uniform` gives numbers in [0, 1).
 */
export function drawToken<T>(
  distribution: Iterable<readonly [T, number]>,
  sampling: Sampling,
  uniform: () => number,
): T {
  const kept: (readonly [T, number])[] = []
  let mass = 0
  for (const entry of distribution) {
    const best = kept[0]?.[1] ?? entry[1]
    if (kept.length > 0 && (entry[1] <= 0 || entry[1] < sampling.minP * best)) break
    kept.push(entry)
    mass += entry[1]
    if (sampling.temperature === 0 || kept.length === sampling.topK || mass >= sampling.topP) break
  }
  const best = kept[0]
  if (!best) throw new Error("cannot draw from an empty distribution")
  // Relative to the best, so that a low temperature cannot make every weight 0.
  const weights = kept.map(([, probability]) => (probability / best[1]) ** (1 / (sampling.temperature || 1)))
  let left = uniform() * weights.reduce((sum, weight) => sum + weight, 0)
  for (const [index, weight] of weights.entries()) {
    left -= weight
    if (left < 0) return (kept[index] ?? best)[0]
  }
  return best[0]
}

/** Uniform numbers in [0, 1) that depend on the seed alone (mulberry32). */
export function uniformNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
