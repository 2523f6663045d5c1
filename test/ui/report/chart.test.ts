import { expect, test } from "vitest"
import { bars, histogram, niceTicks, timeLine } from "../../../ui/report/chart.ts"

test("ticks are round, begin at 0 and reach what is shown", () => {
  expect(niceTicks(100)).toEqual([0, 25, 50, 75, 100])
  expect(niceTicks(1)).toEqual([0, 0.25, 0.5, 0.75, 1])
  for (const most of [1e-9, 0.013, 0.7, 3, 97, 1_234, 9.9e9]) {
    const ticks = niceTicks(most)
    expect(ticks.at(-1)!).toBeGreaterThanOrEqual(most * 0.999)
    expect(ticks.length).toBeLessThanOrEqual(6)
    expect(ticks.length).toBeGreaterThanOrEqual(2)
  }
})

test("the labels below a histogram leave each other room, and both ends have theirs", () => {
  for (let count = 1; count <= 40; count++) {
    const bins = Array.from({ length: count }, (_, at) => ({ from: 10 * at, to: 10 * at + 10, count: at }))
    const chart = histogram("all", bins, "x").html
    const places = [...chart.matchAll(/<text class="note" x="([\d.]+)" y="210"[^>]*>(\d+)</g)].map(([, x, label]) => [
      Number(x),
      label!,
    ])
    expect([places[0]![1], places.at(-1)![1]]).toEqual(["0", `${10 * count}`])
    for (const [at, [x]] of places.entries())
      if (at > 0) expect((x as number) - (places[at - 1]![0] as number)).toBeGreaterThan(40)
  }
})

test("charts have a name, a bar for each value, and no number that is none", () => {
  const list = [0, 5, 12_345].map((value) => ({ label: `<b>${value}`, value, note: `${value}` }))
  const bins = [0, 0, 3].map((count, at) => ({ from: at, to: at + 1, count }))
  const points = [0, 1, 2].map((x) => ({ x: x * 1_000, y: 0 }))
  for (const [chart, rects] of [
    [bars("all", list), 3],
    [histogram("all", bins, "x"), 3],
    [timeLine("all", points, String), 0],
  ] as const) {
    expect(chart.html).toMatch(/^<svg [^>]*role="img" aria-label="all">/)
    expect(chart.html.match(/<rect/g)?.length ?? 0).toBe(rects)
    expect(chart.html).not.toMatch(/NaN|Infinity|<b>/)
  }
})
