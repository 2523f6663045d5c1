import { expect, test } from "vitest"
import { asciiJson, frame, TesterFrames, testerFrame } from "../../../annotators/sandbox/frames.ts"

test("a frame is its length and its bytes", () => {
  expect([...frame(Buffer.from("ab"))]).toEqual([0, 0, 0, 2, 97, 98])
  expect([...frame(Buffer.alloc(0))]).toEqual([0, 0, 0, 0])
})

test("JSON in ASCII gives back every text, lone surrogates too", () => {
  for (const text of ["plain", "é 中 😀", "\ud800", "\udfff\u0000\u007f", '"\\\n']) {
    const bytes = asciiJson([text])
    expect(bytes.every((byte) => byte < 128)).toBe(true)
    expect(JSON.parse(bytes.toString("latin1"))).toEqual([text])
  }
})

test("frames are found whatever the pieces in which they come", () => {
  const sent = [
    ["J", 1, "first"],
    ["L", 7, ""],
    ["O", 4_000_000_000, "x".repeat(300)],
  ] as const
  const bytes = Buffer.concat(sent.map(([kind, job, text]) => testerFrame(kind, job, Buffer.from(text))))
  for (const size of [1, 2, 3, 8, 9, 10, 64, bytes.length]) {
    const frames = new TesterFrames()
    const found = []
    for (let at = 0; at < bytes.length; at += size) found.push(...frames.add(bytes.subarray(at, at + size)))
    expect(found.map(({ kind, job, payload }) => [kind, job, payload.toString()])).toEqual(
      sent.map((each) => [...each]),
    )
  }
})
