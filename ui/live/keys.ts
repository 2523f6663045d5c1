import type { Screen, ViewState } from "./view-state.ts"

/** What a key asks for besides another screen. */
export type Wish = "pause" | "leave" | "interrupt" | "page" | "row" | "exchange"

/** What keys need to know of what is shown. */
export interface Shown {
  stages: number
  /** Dropped or failed rows of the chosen stage; lines of a screenful. */
  losses: number
  page: number
}

/** Names of the keys that are not characters. */
export type Key =
  | "up"
  | "down"
  | "pageup"
  | "pagedown"
  | "home"
  | "end"
  | "enter"
  | "esc"
  | "tab"
  | "backspace"
  | "ctrl-c"

const clamp = (value: number, last: number): number => Math.max(0, Math.min(value, last))

/** The view after a key, and what the key asks for. Pure. */
export function pressed(view: ViewState, key: Key | (string & {}), shown: Shown): { view: ViewState; wish?: Wish } {
  if (key === "ctrl-c") return { view, wish: "interrupt" }
  if (view.typed !== null) return typing(view, view.typed, key)
  switch (key) {
    case "q":
      return { view, wish: "leave" }
    case "p":
      return { view, wish: "pause" }
    case "?":
      return { view: view.screen === "help" ? to(view, view.behind) : { ...view, screen: "help", behind: view.screen } }
    case "e":
      return { view: { ...to(view, "exchange"), behind: view.screen }, wish: "exchange" }
    case "esc":
    case "backspace":
      return { view: to(view, back(view)) }
  }
  const step = steps(key, shown.page)
  switch (view.screen) {
    case "overview":
      if (step !== null) return { view: { ...view, chosen: clamp(view.chosen + step, shown.stages - 1) } }
      if (key === "enter" && shown.stages > 0) return { view: { ...to(view, "stage"), row: 0 }, wish: "page" }
      return { view }
    case "stage":
      if (step !== null) return { view: { ...view, row: clamp(view.row + step, shown.losses - 1) }, wish: "page" }
      if (key === "tab" || key === "f")
        return { view: { ...view, fate: view.fate === "dropped" ? "failed" : "dropped", row: 0 }, wish: "page" }
      if (key === "enter" && shown.losses > 0) return { view: to(view, "row"), wish: "row" }
      return { view }
    case "row":
    case "exchange":
      if (step !== null) return { view: { ...view, scroll: Math.max(0, view.scroll + step) } }
      if (view.screen === "exchange" && key === "/") return { view: { ...view, typed: "" } }
      return { view }
    case "help":
      return { view: key === "enter" ? to(view, view.behind) : view }
  }
}

function typing(view: ViewState, typed: string, key: string): { view: ViewState; wish?: Wish } {
  if (key === "esc") return { view: { ...view, typed: null } }
  if (key === "backspace") return { view: { ...view, typed: typed.slice(0, -1) } }
  if (key === "enter") return { view: { ...view, scroll: 0 }, wish: "exchange" }
  return { view: /^[0-9a-f]$/i.test(key) ? { ...view, typed: (typed + key.toLowerCase()).slice(0, 64) } : view }
}

const to = (view: ViewState, screen: Screen): ViewState => ({ ...view, screen, scroll: 0, typed: null })

function back({ screen, behind }: ViewState): Screen {
  switch (screen) {
    case "row":
      return "stage"
    case "help":
      return behind
    case "exchange":
      return behind === "exchange" || behind === "help" ? "overview" : behind
    default:
      return "overview"
  }
}

function steps(key: string, page: number): number | null {
  switch (key) {
    case "up":
    case "k":
      return -1
    case "down":
    case "j":
      return 1
    case "pageup":
    case "b":
      return -page
    case "pagedown":
    case " ":
      return page
    case "home":
    case "g":
      return Number.MIN_SAFE_INTEGER
    case "end":
    case "G":
      return Number.MAX_SAFE_INTEGER
    default:
      return null
  }
}
