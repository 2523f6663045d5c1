import { describe, expect, test } from "vitest"
import { characterKeys } from "../../../ui/live/key-names.ts"
import { pressed, type Wish } from "../../../ui/live/keys.ts"
import { newView, type ViewState } from "../../../ui/live/view-state.ts"

const shown = { stages: 4, losses: 50, page: 10 }

/** The view after several keys, and what the last one asked for. */
function after(keys: string[], view: ViewState = newView()): { view: ViewState; wish?: Wish | undefined } {
  let wish: Wish | undefined
  for (const key of keys) ({ view, wish } = { wish: undefined, ...pressed(view, key, shown) })
  return { view, wish }
}

describe("keys", () => {
  test("move among stages and stop at both ends", () => {
    expect(after(["j", "down"]).view.chosen).toBe(2)
    expect(after(["j", "j", "j", "j", "j"]).view.chosen).toBe(3)
    expect(after(["k"]).view.chosen).toBe(0)
    expect(after(["G", "up"]).view.chosen).toBe(2)
    expect(pressed(newView(), "j", { ...shown, stages: 0 }).view.chosen).toBe(0)
  })

  test("look into a stage, its rows, one row, and back", () => {
    expect(after(["enter"])).toMatchObject({ view: { screen: "stage", row: 0 }, wish: "page" })
    expect(after(["enter", " ", "j"])).toMatchObject({ view: { row: 11 }, wish: "page" })
    expect(after(["enter", "j", "tab"])).toMatchObject({ view: { fate: "failed", row: 0 }, wish: "page" })
    expect(after(["enter", "j", "enter"])).toMatchObject({ view: { screen: "row", row: 1 }, wish: "row" })
    expect(after(["enter", "enter", "j", "esc"]).view).toMatchObject({ screen: "stage", scroll: 0 })
    expect(after(["enter", "enter", "esc", "esc"]).view.screen).toBe("overview")
  })

  test("an exchange: the latest, or one whose id is typed", () => {
    expect(after(["e"])).toMatchObject({ view: { screen: "exchange" }, wish: "exchange" })
    expect(after(["e", "/", "A", "b", "q", "p", "1"]).view.typed).toBe("ab1")
    expect(after(["e", "/", "a", "b", "backspace"]).view.typed).toBe("a")
    expect(after(["e", "/", "a", "enter"])).toMatchObject({ view: { typed: "a" }, wish: "exchange" })
    expect(after(["e", "/", "a", "esc"]).view).toMatchObject({ screen: "exchange", typed: null })
    expect(after(["enter", "e", "esc"]).view.screen).toBe("stage")
  })

  test("pause, leave and interrupt work on every screen", () => {
    for (const before of [[], ["enter"], ["enter", "enter"], ["e"], ["?"]]) {
      expect(after([...before, "p"]).wish).toBe("pause")
      expect(after([...before, "q"]).wish).toBe("leave")
      expect(after([...before, "ctrl-c"]).wish).toBe("interrupt")
    }
    expect(after(["e", "/", "ctrl-c"]).wish).toBe("interrupt")
  })

  test("help comes from anywhere and goes back there", () => {
    expect(after(["enter", "?"]).view.screen).toBe("help")
    expect(after(["enter", "?", "esc"]).view.screen).toBe("stage")
    expect(after(["enter", "?", "?"]).view.screen).toBe("stage")
  })

  test("whatever is pressed, in whatever order, the view stays within its bounds", () => {
    const all = [
      "j",
      "k",
      " ",
      "b",
      "g",
      "G",
      "enter",
      "esc",
      "tab",
      "e",
      "/",
      "a",
      "7",
      "?",
      "p",
      "backspace",
      "x",
      "\u{1f600}",
    ]
    let seed = 1
    let view = newView()
    for (let at = 0; at < 5_000; at++) {
      seed = (seed * 48_271) % 2_147_483_647
      view = pressed(view, all[seed % all.length]!, shown).view
      expect(view.chosen).toBeGreaterThanOrEqual(0)
      expect(view.chosen).toBeLessThan(4)
      expect(view.row).toBeGreaterThanOrEqual(0)
      expect(view.row).toBeLessThan(50)
      expect(view.scroll).toBeGreaterThanOrEqual(0)
    }
  })
})

test("what a terminal in raw mode sends, as keys", () => {
  expect(characterKeys("jjk\r\u0003\u007f\t")).toEqual(["j", "j", "k", "enter", "ctrl-c", "backspace", "tab"])
  expect(characterKeys("\u001b[A\u001bOB\u001b[5~\u001b[200~x")).toEqual(["k", "j", "x"])
  expect(characterKeys("\u001b")).toEqual(["esc"])
})
