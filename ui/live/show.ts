import { ProgressLines } from "../progress-lines.ts"
import { visible } from "./cells.ts"
import type { Drawing } from "./drawing.ts"
import type { Size } from "./view-state.ts"
import { Watch } from "./watch.ts"

/** Between two looks at the run's folder, and so between two redraws that no key asked for. */
const lookMs = 1_000

/** What the process that a view is attached to says to it, and what it says back. */
export interface ToView {
  notice?: string
  close?: boolean
}
export interface FromView {
  /** Ctrl-C was pressed. */
  interrupt?: boolean
  /** The view was left; the process goes on. */
  left?: boolean
}

export interface ShowOptions {
  run: string
  shown: string
  stdout: NodeJS.WriteStream
  stdin: NodeJS.ReadStream
  color: boolean
  /** The process that started this one runs the run: Ctrl-C is for it, and it says when the view ends. */
  attached: boolean
}

/** Whether a live view can be drawn there. */
export const canDraw = (stream: NodeJS.WriteStream, environment = process.env): boolean =>
  stream.isTTY === true &&
  environment.TERM !== undefined &&
  environment.TERM !== "dumb" &&
  ["", "0", "false", undefined].includes(environment.CI)

/** Shows a run until it ends or the view is left. Resolves with whether Ctrl-C ended it. */
export async function show({
  run,
  shown,
  stdout,
  stdin,
  color,
  attached,
}: ShowOptions): Promise<{ interrupted: boolean }> {
  // Read when ink is loaded.
  process.env.NODE_ENV ??= "production"
  if (!color || process.env.NO_COLOR) process.env.FORCE_COLOR = "0"
  const ended = Promise.withResolvers<{ interrupted: boolean }>()
  const leave = (interrupted: boolean) => ended.resolve({ interrupted })
  const size = (): Size => ({ columns: stdout.columns || 80, rows: Math.max(1, (stdout.rows || 24) - 1) })
  const spoken = process.env.INK_SCREEN_READER === "true"
  let drawing: Drawing | null = null
  let lines: ProgressLines | null = null
  let interrupts = 0
  const draw = (asked: boolean) => drawing?.draw(watch.lines(size()), asked)
  const watch = new Watch({
    run,
    shown,
    changed: draw,
    leave() {
      if (attached) tell({ left: true })
      leave(false)
    },
    interrupt() {
      if (!attached || ++interrupts > 1) leave(true)
      if (attached && interrupts === 1) tell({ interrupt: true })
    },
    onEvent: (event) => lines?.hear(event),
  })
  // The terminal sends these to every process in front; the run decides what they mean.
  const onSignal = () => {
    if (!attached) leave(true)
  }
  const onMessage = ({ notice, close }: ToView) => {
    if (notice !== undefined) watch.notice(notice)
    if (close) leave(false)
  }
  const onDisconnect = () => leave(false)
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal)
  if (attached) {
    process.on("message", onMessage)
    process.on("disconnect", onDisconnect)
  }
  try {
    await watch.look()
    const options = {
      stdout,
      stdin: stdin.isTTY ? stdin : null,
      onKey: (key: string) => watch.press(key, size()),
    }
    if (spoken) {
      const speaking = (await import("./speak.ts")).startSpeaking(options)
      lines = new ProgressLines((line) => speaking.say(visible(line)))
      drawing = speaking
    } else drawing = (await import("./draw.tsx")).startDrawing(options)
    const redraw = () => draw(false)
    stdout.on("resize", redraw)
    draw(true)
    const wasOver = watch.ended
    for (let going = true; going; ) {
      const clock = Promise.withResolvers<null>()
      const timer = setTimeout(clock.resolve, lookMs, null)
      const left = await Promise.race([ended.promise, clock.promise])
      clearTimeout(timer)
      if (left === null) await watch.look()
      // Who looks at a stage's rows goes on looking; a run that is over was opened to look at.
      going = left === null && (attached || wasOver || !watch.ended || watch.view.screen !== "overview")
    }
    stdout.off("resize", redraw)
    await watch.look()
    drawing.draw(watch.lines(size(), { keys: false }), true)
    await drawing.close()
    drawing = null
    leave(false)
    const { interrupted } = await ended.promise
    if (attached && interrupted) tell({ interrupt: true })
    return { interrupted }
  } finally {
    await drawing?.close().catch(() => {})
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(name, onSignal)
    process.off("message", onMessage)
    process.off("disconnect", onDisconnect)
  }
}

const tell = (said: FromView): void => {
  if (process.connected) process.send?.(said)
}
