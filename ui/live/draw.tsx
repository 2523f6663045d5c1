import { Box, render, Text, useInput } from "ink"
import type { ReactNode } from "react"
import type { Line, Tone } from "./cells.ts"
import type { Drawing, DrawingOptions } from "./drawing.ts"
import { keysOf } from "./key-names.ts"

const looks: Record<Tone, { color?: string; dimColor?: boolean; bold?: boolean }> = {
  plain: {},
  dim: { dimColor: true },
  strong: { bold: true },
  good: { color: "green" },
  warning: { color: "yellow" },
  bad: { color: "red" },
}

/** Starts to draw with ink. No alternate screen: what was there stays above. */
export function startDrawing({ stdout, stdin, onKey }: DrawingOptions): Drawing {
  const screen = (lines: readonly Line[]): ReactNode => (
    <>
      {stdin && <Keys onKey={onKey} />}
      <Lines lines={lines} />
    </>
  )
  const instance = render(screen([]), {
    stdout,
    ...(stdin && { stdin }),
    stderr: process.stderr,
    interactive: true,
    exitOnCtrlC: false,
    patchConsole: false,
    maxFps: 10,
    incrementalRendering: true,
    isScreenReaderEnabled: false,
  })
  return {
    draw: (lines) => instance.rerender(screen(lines)),
    async close() {
      const ended = instance.waitUntilExit()
      instance.unmount()
      await ended
    },
  }
}

function Keys({ onKey }: { onKey(key: string): void }): ReactNode {
  useInput((input, key) => {
    for (const name of keysOf(input, key)) onKey(name)
  })
  return null
}

function Lines({ lines }: { lines: readonly Line[] }): ReactNode {
  return (
    <Box flexDirection="column">
      {lines.map((line, at) => (
        <Text key={at} wrap="truncate">
          {line.length === 0
            ? " "
            : line.map(({ text, tone }, part) => (
                <Text key={part} {...looks[tone]}>
                  {text}
                </Text>
              ))}
        </Text>
      ))}
    </Box>
  )
}
