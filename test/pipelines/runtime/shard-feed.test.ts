import { expect, test } from "vitest"
import type { Commit } from "../../../pipelines/runtime/commit.ts"
import { ShardFeed } from "../../../pipelines/runtime/shard-feed.ts"

const commitOf = (index: number, ...paths: string[]): Commit =>
  ({ index, outputs: paths.map((path) => ({ path, rows: 1, bytes: 1, sha256: "" })) }) as Commit

async function read(feed: ShardFeed): Promise<[number, string][]> {
  const shards: [number, string][] = []
  for await (const { index, shard } of feed.shards()) shards.push([index, shard.path])
  return shards
}

test("shards come as they become ready, to every reader, early or late", async () => {
  const feed = new ShardFeed()
  const early = read(feed)
  feed.push(commitOf(2, "c"))
  await new Promise(setImmediate)
  feed.push(commitOf(0, "a"))
  feed.end()
  const expected = [
    [2, "c"],
    [0, "a"],
  ]
  expect(await early).toEqual(expected)
  expect(await read(feed)).toEqual(expected)
})

test("the shards of a task that makes several are numbered from its index", async () => {
  const feed = new ShardFeed()
  feed.push(commitOf(0, "a", "b", "c"))
  feed.end()
  expect(await read(feed)).toEqual([
    [0, "a"],
    [1, "b"],
    [2, "c"],
  ])
})

test("all commits come by index once the stage is done, not before", async () => {
  const feed = new ShardFeed()
  let done = false
  const commits = feed.commits().then((all) => {
    done = true
    return all.map(({ index }) => index)
  })
  for (const index of [10, 2, 0, 1]) feed.push(commitOf(index, `${index}`))
  await new Promise(setImmediate)
  expect(done).toBe(false)
  feed.end()
  expect(await commits).toEqual([0, 1, 2, 10])
})

test("a failure reaches all who wait; the first one counts", async () => {
  const feed = new ShardFeed()
  const waiting = [read(feed), feed.commits()]
  const error = new Error("first")
  feed.fail(error)
  feed.fail(new Error("second"))
  feed.end()
  for (const each of waiting) await expect(each).rejects.toBe(error)
  await expect(feed.commits()).rejects.toBe(error)
})
