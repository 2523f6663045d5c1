/** What ink says of keys besides their characters. */
interface Pressed {
  upArrow: boolean
  downArrow: boolean
  pageUp: boolean
  pageDown: boolean
  home: boolean
  end: boolean
  return: boolean
  escape: boolean
  tab: boolean
  backspace: boolean
  delete: boolean
  ctrl: boolean
  meta: boolean
}

/** The keys of one input of ink's: a burst of characters comes as one. */
export function keysOf(input: string, key: Pressed): string[] {
  if (key.upArrow) return ["up"]
  if (key.downArrow) return ["down"]
  if (key.pageUp) return ["pageup"]
  if (key.pageDown) return ["pagedown"]
  if (key.home) return ["home"]
  if (key.end) return ["end"]
  if (key.return) return ["enter"]
  if (key.tab) return ["tab"]
  if (key.backspace || key.delete) return ["backspace"]
  if (key.ctrl) return input === "c" ? ["ctrl-c"] : []
  if (key.escape) return ["esc"]
  if (key.meta) return []
  return characterKeys(input)
}

/** The keys of characters as a terminal in raw mode sends them. Escape sequences of other keys are left out. */
export function characterKeys(text: string): string[] {
  const named: Record<string, string> = {
    "\u0003": "ctrl-c",
    "\r": "enter",
    "\n": "enter",
    "\t": "tab",
    "\u007f": "backspace",
    "\b": "backspace",
    "\u001b": "esc",
  }
  const arrows = text
    .replace(/\u001b(?:\[|O)A/g, "k")
    .replace(/\u001b(?:\[|O)B/g, "j")
    .replace(/\u001b(?:\[[\d;]*[A-Za-z~]|O.)/g, "")
  return [...arrows].flatMap((character) => named[character] ?? (character >= " " ? [character] : []))
}
