import { answerText } from "./answer-text.ts"

/** Languages that programs may be in. */
export type Language = "python" | "javascript"

/** A completion read as a program. */
export interface ProgramText {
  /** Ways to read it, the best first. Each is a list of texts to run one after the other; all but the last may fail to compile. */
  readonly alternatives: readonly (readonly string[])[]
  /** The code as the model wrote it. */
  readonly code: string
}

/** What is known of the program that a completion should hold. */
export interface ExpectedProgram {
  readonly language: Language
  /** Code before the completion. */
  readonly prompt: string | null
  /** Name that the program must define. */
  readonly entryPoint: string | null
}

/** Tags of fences that hold code of a language. */
const tags: Readonly<Record<Language, RegExp>> = {
  python: /^(?:python[\d.]*|py[\d.]*|pypy3?|sage|ipython)$/i,
  javascript: /^(?:javascript|js|mjs|cjs|jsx|node|nodejs|ecmascript|es6)$/i,
}

/** A line that only code has. */
const codeLine: Readonly<Record<Language, RegExp>> = {
  python:
    /^[ \t]*(?:(?:return|raise|yield|assert|del|global|nonlocal|import|from|async|await|with|for|while|if|try|class|def|lambda|pass|break|continue)\b.*(?:[:()[\]=,]|\b(?:import|return|pass|break|continue)\b.*)$|return\b|pass$|@\w|[\w.[\]'", ]+[-+*/%|&]?=(?!=)|[\w.]+\()/m,
  javascript:
    /^[ \t]*(?:(?:return|throw|const|let|var|function|class|async|for|while|if|switch|try|import|export)\b.*[;{}()=]|return\b.*;|[\w.[\]'"]+\s*[-+*/]?=(?!=)|[\w.]+\(|[})])/m,
}

const firstCode: Readonly<Record<Language, RegExp>> = {
  python: /^(?:(?:async\s+)?def |class |import |from \w[\w.]* import |@\w)/m,
  javascript: /^(?:(?:async\s+)?function\b|class |const |let |var |import |export |"use strict"|'use strict')/m,
}

/**
 * Reads the program of a completion: the last fenced block that defines the entry point (else the last in the language), or text that
 * goes on where the prompt ends, or code without a fence. Thinking is not read. Null when there is no code.
 */
export function readProgram(completion: string, expected: ExpectedProgram): ProgramText | null {
  const answer = answerText(completion)
  const block = chosenBlock(answer, expected)
  if (block !== null) return fenced(block, expected)
  // Fences of other languages only: whatever stands around them is prose.
  if (/^[ \t]{0,3}(?:```|~~~)/m.test(answer)) return null
  return unfenced(answer, expected)
}

/** A fenced block of code and the word after its fence. */
interface Block {
  readonly tag: string
  readonly text: string
}

/** Blocks in order; one that is never closed goes to the end. */
function blocksOf(text: string): Block[] {
  const blocks: Block[] = []
  let open: { fence: string; indent: number; tag: string; lines: string[] } | null = null
  const close = () => {
    if (open) blocks.push({ tag: open.tag, text: open.lines.join("\n") })
    open = null
  }
  for (const line of text.split("\n")) {
    const fence = /^([ \t]*)(`{3,}|~{3,})[ \t]*([^\s`]*)[^`]*$/.exec(line.replace(/\r$/, ""))
    if (open === null) {
      if (fence)
        open = { fence: fence[2]!, indent: fence[1]!.length, tag: fence[3]!.replace(/^\{?\.?|\}$/g, ""), lines: [] }
    } else if (fence && fence[3] === "" && fence[2]!.startsWith(open.fence)) close()
    else open.lines.push(withoutIndent(line, open.indent))
  }
  close()
  return blocks
}

const withoutIndent = (line: string, indent: number): string =>
  line.slice(0, indent).trim() === "" ? line.slice(indent) : line

function chosenBlock(text: string, { language, entryPoint }: ExpectedProgram): string | null {
  const blocks = blocksOf(text).filter((block) => block.text.trim() !== "")
  const tagged = blocks.filter(({ tag }) => tags[language].test(tag))
  const untagged = blocks.filter(({ tag, text }) => tag === "" && codeLine[language].test(text))
  const both = blocks.filter((block) => tagged.includes(block) || untagged.includes(block))
  if (entryPoint !== null) {
    const defining = both.findLast(({ text }) => defines(text, entryPoint, language))
    if (defining) return defining.text
  }
  // Examples of how to call it come after the program.
  const among = tagged.length > 0 ? tagged : untagged
  const definition = language === "python" ? /^\s*(?:async\s+)?(?:def|class)\s/m : /\bfunction\b|=>|^\s*class\s/m
  return (among.findLast(({ text }) => definition.test(text)) ?? among.at(-1))?.text ?? null
}

/** Whether a text defines a name at any level. */
export function defines(text: string, name: string, language: Language): boolean {
  const word = name.replaceAll("$", "\\$")
  const end = "(?![\\w$])"
  return language === "python"
    ? new RegExp(
        `^[ \\t]*(?:(?:async[ \\t]+)?def|class)[ \\t]+${word}${end}|^${word}[ \\t]*(?::[^=\\n]*)?=(?!=)`,
        "m",
      ).test(text)
    : new RegExp(
        `\\b(?:function\\s*\\*?|class|const|let|var)\\s+${word}${end}|(?:^|[\\s.;])${word}\\s*=(?!=)`,
        "m",
      ).test(text)
}

function fenced(code: string, expected: ExpectedProgram): ProgramText {
  const { prompt, entryPoint, language } = expected
  if (prompt === null) return { alternatives: [[code], [dedented(code)]], code }
  const whole = [...opening(prompt, language), code]
  const body = bodies(prompt, code, language)
  const complete =
    entryPoint === null
      ? /^(?:async def|def|class|function|const|let|var)\b/m.test(code)
      : defines(code, entryPoint, language)
  return {
    alternatives: complete ? [whole, [...opening(prompt, language), dedented(code)], ...body] : [...body, whole],
    code,
  }
}

function unfenced(answer: string, expected: ExpectedProgram): ProgramText | null {
  const { prompt, entryPoint, language } = expected
  const code = answer.replace(/^(?:[ \t]*\r?\n)+/, "").trimEnd()
  if (!codeLine[language].test(code)) return null
  const start = firstCode[language].exec(code)?.index ?? 0
  const wholes = [...shortenings(code), ...(start > 0 ? shortenings(code.slice(start)) : [])]
  if (prompt === null) return { alternatives: wholes.map((text) => [text]), code }
  const complete = entryPoint !== null && defines(code, entryPoint, language)
  const before = opening(prompt, language)
  const asWhole = wholes.map((text) => [...before, text])
  const asBody = bodies(prompt, code, language)
  return { alternatives: complete ? [...asWhole, ...asBody] : [...asBody, ...asWhole], code }
}

/** The prompt by itself: it ends after the docstring of a function, or inside a function that has no statement yet. */
const opening = (prompt: string, language: Language): string[] =>
  language === "python" ? [prompt, `${prompt}\n    pass\n`] : [prompt, `${prompt}\n}\n`]

/** Code that goes on where the prompt ends: as it stands, up to what no longer belongs to it, or with its indentation repaired. */
function bodies(prompt: string, code: string, language: Language): string[][] {
  const before = prompt.endsWith("\n") || /^[ \t]*\n/.test(code) ? prompt : /^\s/.test(code) ? prompt : `${prompt}\n`
  const spaced = (text: string) => text.replace(/^\t+/gm, (tabs) => "    ".repeat(tabs.length))
  const cut = cutAtOuterText(code)
  if (language === "javascript") {
    const texts = [before + code, before + cut]
    // Completions stop before the brace that ends the function, or are asked to.
    return [...new Set([...texts, ...texts.map((text) => `${text}\n}\n`)])].map((text) => [text])
  }
  const indented = code.replace(/^(?=[^\n])/gm, "    ")
  const first = `${before}    ${code}`
  const texts = /^\S/.test(code)
    ? [before + code, before + indented, first, `${before}    ${cut}`]
    : [before + code, before + cut, spaced(before) + spaced(code), first, before + indented]
  return [...new Set(texts)].map((text) => [text])
}

/** Up to the first line, after the first, that starts at the margin and is no comment. */
function cutAtOuterText(code: string): string {
  const outer = /\n(?=[^\s#@/])/.exec(code)
  return outer === null ? code : code.slice(0, outer.index)
}

/** The text, and the text without its last paragraphs, one after the other: what follows the code may be prose. */
function shortenings(code: string): string[] {
  const texts = [code]
  for (let left = 4, text = code; left > 0; left--) {
    const cut = text.replace(/\n[ \t]*\n(?:(?!\n[ \t]*\n)[\s\S])*$/, "")
    if (cut === text) break
    texts.push(cut)
    text = cut
  }
  return texts
}

function dedented(code: string): string {
  const indents = code.split("\n").flatMap((line) => (line.trim() === "" ? [] : [/^[ \t]*/.exec(line)![0].length]))
  const least = Math.min(...indents, 64)
  return least === 0
    ? code
    : code
        .split("\n")
        .map((line) => line.slice(least))
        .join("\n")
}
