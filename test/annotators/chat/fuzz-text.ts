import { random } from "../../pipelines/random-rows.ts"

const parts = [
  ...[
    " ",
    "  ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\u000b",
    "\u0085",
    "\u00a0",
    "\u2000",
    "\u2001",
    "\u2028",
    "\u3000",
    "\ufeff",
  ],
  ...[
    "'s",
    "'RE",
    "'\u017f",
    "'Ll",
    "'",
    "...",
    "==",
    "=".repeat(48),
    "\u0000",
    "\u200d",
    "0",
    "2024",
    "0000",
    "\u0661",
  ],
  ...[
    "</think>",
    "<think>",
    "<|im_start|>",
    "<|im_end|>",
    "<|",
    "|>",
    "[L]",
    "[R]",
    "[LR]",
    "word",
    "[N]",
    "café",
    "cafe\u0301",
  ],
  ...["the", " world", "Hello", "abcdefghijklmnopqrstuvwxyz", "x".repeat(70), "        return", "\t\t\t"],
  ...[
    "日本語中文字符",
    "한국어",
    "Привет",
    "😀",
    "👨‍👩‍👧‍👦",
    "e\u0301",
    "\u0301",
    "\u0316",
    "\u0315\u0300",
    "\u0345",
    "\u05b8\u05bc\u05c1",
  ],
  ...[
    "\u1100\u1161\u11a8",
    "\u1161",
    "\u11a8",
    "가",
    "\u0344",
    "\u212b",
    "\u2126",
    "\ufb05",
    "\u0958",
    "क\u093c",
    "\u0f71\u0f72\u0f74",
  ],
  ...[
    "\u07fd\u0300",
    "\u0c3c\u0c4d",
    "\u1e0b\u0323",
    "\u09c7\u09be",
    "\u3046\u3099",
    "\u{113c2}",
    "\u{1611e}",
    "\u{1d15e}",
  ],
]
const blocks = [0x20, 0xa0, 0x300, 0x590, 0x900, 0xe00, 0x1100, 0x1e00, 0x2000, 0x3000, 0xa800, 0xac00, 0xfb00, 0x1d100]

/** Texts of 1 to 30 parts from a seed: what tokenizers get wrong, and any code points. Without lone surrogates. */
export function fuzzTexts(seed: number, count: number): string[] {
  const next = random(seed)
  const below = (limit: number) => Math.floor(next() * limit)
  const character = () => {
    if (next() < 0.7) return String.fromCodePoint(blocks[below(blocks.length)]! + below(0x100))
    const codePoint = below(0x110000 - 0x800)
    return String.fromCodePoint(codePoint < 0xd800 ? codePoint : codePoint + 0x800)
  }
  const part = () => (next() < 0.65 ? parts[below(parts.length)]! : character())
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + below(30) }, () => part().repeat(next() < 0.1 ? 1 + below(8) : 1)).join(""),
  )
}

/** Where code points differ little from each other: one in seventeen stands for them. */
const alike = [
  [0x3400, 0x9fff],
  [0xac00, 0xd7a3],
  [0xe000, 0xf8ff],
  [0x17000, 0x18cff],
  [0x20000, 0x3ffff],
  [0x40000, 0xdffff],
  [0xe1000, 0x10fff0],
] as const

/** Texts in which code points stand between letters, blanks, numbers, newlines, marks and others: all, but of large blocks a sample. */
export function sweepTexts(): string[] {
  const texts: string[] = []
  for (let codePoint = 0; codePoint < 0x110000; ) {
    if (codePoint < 0xd800 || codePoint > 0xdfff) {
      const c = String.fromCodePoint(codePoint)
      texts.push(`x${c}y ${c}1${c}\n${c}.${c}e\u0323${c}\u0301'${c} \u0345${c}${c} `)
    }
    const block = alike.find(([start, end]) => codePoint >= start && codePoint < end - 17)
    codePoint += block === undefined ? 1 : block[0] === 0x40000 ? 4_097 : 17
  }
  return texts
}
