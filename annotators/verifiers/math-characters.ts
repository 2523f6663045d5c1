// Characters that other writing systems, keyboards and Unicode use for signs that ASCII or LaTeX can write.

const fractions: Record<string, string> = {
  "½": "1/2",
  "⅓": "1/3",
  "⅔": "2/3",
  "¼": "1/4",
  "¾": "3/4",
  "⅕": "1/5",
  "⅖": "2/5",
  "⅗": "3/5",
  "⅘": "4/5",
  "⅙": "1/6",
  "⅚": "5/6",
  "⅐": "1/7",
  "⅛": "1/8",
  "⅜": "3/8",
  "⅝": "5/8",
  "⅞": "7/8",
  "⅑": "1/9",
  "⅒": "1/10",
}

const signs: Record<string, string> = {
  "−": "-",
  "–": "-",
  "—": "-",
  "﹣": "-",
  "‐": "-",
  "‑": "-",
  "×": "*",
  "·": "*",
  "⋅": "*",
  "∗": "*",
  "∙": "*",
  "•": "*",
  "⨯": "*",
  "÷": "/",
  "∕": "/",
  "⁄": "/",
  "√": "\\sqrt ",
  "∛": "\\sqrt[3] ",
  "∜": "\\sqrt[4] ",
  "∞": "\\infty ",
  "≤": "\\le ",
  "≦": "\\le ",
  "⩽": "\\le ",
  "≥": "\\ge ",
  "≧": "\\ge ",
  "⩾": "\\ge ",
  "≠": "\\ne ",
  "≡": "\\equiv ",
  "≈": "\\approx ",
  "≅": "\\cong ",
  "→": "\\to ",
  "⇒": "\\Rightarrow ",
  "∪": "\\cup ",
  "∩": "\\cap ",
  "∈": "\\in ",
  "∉": "\\notin ",
  "∅": "\\emptyset ",
  "∖": "\\setminus ",
  "⊂": "\\subset ",
  "⊆": "\\subseteq ",
  "∨": " or ",
  "∧": " and ",
  "±": "\\pm ",
  "∓": "\\mp ",
  "∠": "\\angle ",
  "△": "\\triangle ",
  "⊥": "\\perp ",
  "∥": "\\parallel ",
  "∑": "\\sum ",
  "∏": "\\prod ",
  "∫": "\\int ",
  "∂": "\\partial ",
  "⌊": "\\lfloor ",
  "⌋": "\\rfloor ",
  "⌈": "\\lceil ",
  "⌉": "\\rceil ",
  "⟨": "(",
  "⟩": ")",
  "【": "[",
  "】": "]",
  "∣": "|",
  ℝ: "\\mathbb{R}",
  ℤ: "\\mathbb{Z}",
  ℕ: "\\mathbb{N}",
  ℚ: "\\mathbb{Q}",
  ℂ: "\\mathbb{C}",
  "…": "...",
  "⋯": "...",
  "、": ",",
  "′": "'",
  "″": "''",
  "’": "'",
  "‘": "'",
  "“": '"',
  "”": '"',
  º: "°",
  "˚": "°",
  "℃": "°C",
  "℉": "°F",
  "∶": ":",
}

const greek: Record<string, string> = {
  α: "alpha",
  β: "beta",
  γ: "gamma",
  δ: "delta",
  ε: "epsilon",
  ϵ: "epsilon",
  ζ: "zeta",
  η: "eta",
  θ: "theta",
  κ: "kappa",
  λ: "lambda",
  μ: "mu",
  ν: "nu",
  ξ: "xi",
  π: "pi",
  ρ: "rho",
  σ: "sigma",
  τ: "tau",
  φ: "phi",
  ϕ: "phi",
  χ: "chi",
  ψ: "psi",
  ω: "omega",
  Γ: "Gamma",
  Δ: "Delta",
  Θ: "Theta",
  Λ: "Lambda",
  Π: "Pi",
  Σ: "Sigma",
  Φ: "Phi",
  Ψ: "Psi",
  Ω: "Omega",
}

const raised = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ"
const lowered = "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎"
const shifted = "0123456789+-=()ni"

const script = (mark: string, alphabet: string) => (run: string) => {
  const plain = [...run].map((character) => shifted[alphabet.indexOf(character)]).join("")
  return plain.length === 1 ? `${mark}${plain}` : `${mark}{${plain}}`
}

// Between values these are words of their own; within Chinese words (和谐, 及格) they are not.
const conjunction = /(?<=[\dA-Za-z)\]}$，,）]\s{0,4})(或者?|和|及|与|且)(?=\s{0,4}[\dA-Za-z([{$\\√±（－−+-])/g

/** A text in ASCII and LaTeX: full-width forms, dashes, sub- and superscripts, fractions, letters and signs; invisible characters go. */
export function asciiOf(text: string): string {
  return text
    .replace(conjunction, (_, word: string) => (/[或]/.test(word) ? " or " : " and "))
    .replace(/(?<=\d)比(?=\d)/g, ":")
    .replace(/[\u{1d400}-\u{1d7ff}]/gu, (letter) => letter.normalize("NFKC"))
    .replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ]+/g, script("^", raised))
    .replace(/[₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎]+/g, script("_", lowered))
    .replace(/[^\x20-\x7e]/g, ascii)
}

function ascii(character: string): string {
  const unit = character.charCodeAt(0)
  if (unit >= 0xff01 && unit <= 0xff5e) return String.fromCharCode(unit - 0xfee0)
  if (unit === 0xffe5) return "¥"
  if (/[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/.test(character)) return ""
  if (/\s/.test(character)) return " "
  const fraction = fractions[character]
  if (fraction !== undefined) return ` ${fraction}`
  const letter = greek[character]
  return letter === undefined ? (signs[character] ?? character) : `\\${letter} `
}
