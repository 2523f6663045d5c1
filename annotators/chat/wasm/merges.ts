// The merges of the model in an open table: one u64 for each, left id << 42 | right id << 21 | rank.
import { byteIds, bytePairs, none } from "./memory.ts"

const empty: u64 = 0xffffffffffffffff
let table: usize = 0
let mask: u32 = 0
let merged: usize = 0

/** Pairs that were looked up, and moves within heaps: what the time for a word consists of. */
export let steps: u64 = 0

function slotOf(pair: u64): u32 {
  return <u32>((pair * 0x9e3779b97f4a7c15) >> 40) & mask
}

/**
 * Takes the merges, u32 triples (left, right, merged) in order of rank, into a table of `size` entries, a power of two, and the merged
 * ids into `results`. Of a pair that stands twice, the last counts. The ids of bytes must be there.
 */
export function setMerges(triples: usize, count: u32, at: usize, size: u32, results: usize): void {
  table = at
  mask = size - 1
  merged = results
  memory.fill(table, 0xff, (<usize>size) << 3)
  for (let rank: u32 = 0; rank < count; rank++) {
    const triple = triples + <usize>rank * 12
    const pair = ((<u64>load<u32>(triple)) << 21) | load<u32>(triple, 4)
    let slot = slotOf(pair)
    while (true) {
      const found = load<u64>(table + ((<usize>slot) << 3))
      if (found === empty || found >> 21 === pair) break
      slot = (slot + 1) & mask
    }
    store<u64>(table + ((<usize>slot) << 3), (pair << 21) | rank)
    store<u32>(merged + (rank << 2), load<u32>(triple, 8))
  }
  for (let left: u32 = 0; left < 256; left++)
    for (let right: u32 = 0; right < 256; right++)
      store<u32>(
        bytePairs + (((left << 8) | right) << 2),
        rankOf(load<u32>(byteIds + (left << 2)), load<u32>(byteIds + (right << 2))),
      )
}

/** The rank of the merge of two tokens, or `none`. */
export function rankOf(left: u32, right: u32): u32 {
  steps++
  const pair = ((<u64>left) << 21) | right
  let slot = slotOf(pair)
  while (true) {
    const found = load<u64>(table + ((<usize>slot) << 3))
    if (found >> 21 === pair) return <u32>found & 0x1fffff
    if (found === empty) return none
    slot = (slot + 1) & mask
  }
}

/** The token that a merge makes. */
export function mergedBy(rank: u32): u32 {
  return load<u32>(merged + (rank << 2))
}

export function countStep(): void {
  steps++
}
