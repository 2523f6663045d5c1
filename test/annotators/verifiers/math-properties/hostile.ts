const many = (count: number, part: (index: number) => string, between = ",") =>
  Array.from({ length: count }, (_, index) => part(index)).join(between)
const reversed = (count: number, part: (index: number) => string, between = ",") =>
  many(count, (index) => part(count - 1 - index), between)
const set = (inside: string) => `\\{${inside}\\}`
const matrix = (size: number, cell: (row: number, column: number) => string) =>
  `\\begin{pmatrix}${many(size, (row) => many(size, (column) => cell(row, column), "&"), "\\\\")}\\end{pmatrix}`

/** Answers and references that ask for as much work as they may: each within the longest answer that is read. */
export const costly: Record<string, readonly [answer: string, reference: string]> = {
  "roots in reverse": [set(many(120, (i) => `\\sqrt{${i + 2}}`)), set(reversed(120, (i) => `\\sqrt{${i + 2}}`))],
  "decimals in reverse": [set(many(120, (i) => `${i}.5`)), set(reversed(120, (i) => `${i}.5`))],
  "fractions in reverse": [set(many(120, (i) => `${i + 1}/7919`)), set(reversed(120, (i) => `${i + 1}/7919`))],
  "sums in reverse": [set(many(120, (i) => `x+${i}`)), set(reversed(120, (i) => `${i}+x`))],
  "points in reverse": [many(100, (i) => `(${i},${i + 1})`), reversed(100, (i) => `(${i},${i + 1})`)],
  "equations in reverse": [
    `\\begin{cases}${many(100, (i) => `x+y=${i}`, "\\\\")}\\end{cases}`,
    `\\begin{cases}${reversed(100, (i) => `y+x=${i}`, "\\\\")}\\end{cases}`,
  ],
  intervals: [
    many(100, (i) => `(${3 * i},${3 * i + 1})`, "\\cup"),
    reversed(100, (i) => `(${3 * i},${3 * i + 1})`, "\\cup"),
  ],
  "large factorials": [many(200, (i) => `${1_500 + i}!`, "+"), "5"],
  "a huge factorial": ["(10^{9})!", "5"],
  binomials: [many(60, (i) => `\\binom{9000}{${400 + i}}`, "+"), "5"],
  powers: [many(60, (i) => `${i + 2}^{1000}`, "+"), reversed(60, (i) => `${i + 2}^{1000}`, "+")],
  "powers of fractions": [many(60, (i) => `(\\frac{1}{${i + 2}})^{300}`, "+"), "5"],
  "unlike fractions": [many(130, (i) => `1/${i + 1_009}`, "+"), reversed(130, (i) => `1/${i + 1_009}`, "+")],
  "unlike quotients": [many(100, (i) => `\\frac{1}{x+${i + 1_009}}`, "+"), "x"],
  "a series in a series": ["\\sum_{a=1}^{1000} \\sum_{b=1}^{1000} ab", "5"],
  "a long product": ["\\prod_{k=1}^{1000} k^9", "5"],
  "a series of roots": ["\\sum_{k=1}^{900} \\sqrt{k}", "\\sum_{j=1}^{900} j^{1/2}"],
  "a long period": [`0.\\overline{${"12345".repeat(300)}}`, "5"],
  "long digits": ["9".repeat(2_000), `${"9".repeat(1_999)}8`],
  "a tower of powers": [`${"9^".repeat(40)}9`, "5"],
  "nested roots": [`${"\\sqrt{".repeat(40)}2${"}".repeat(40)}`, "5"],
  "nested fractions": [`${"\\frac{1}{1+".repeat(40)}x${"}".repeat(40)}`, "x"],
  "a large matrix": [matrix(16, (r, c) => `${r * c}`), matrix(16, (r, c) => `${r * c + (r + c === 30 ? 1 : 0)}`)],
  "a matrix of roots": [
    `\\frac{1}{7}${matrix(12, (r, c) => `\\sqrt{${r + c}}`)}`,
    matrix(12, (r, c) => `\\sqrt{${r + c}}/7`),
  ],
  "a long product of sums": [many(60, (i) => `(x+y+${i})`, ""), reversed(60, (i) => `(y+x+${i})`, "")],
  "a power of a sum": ["((x+1)^{30}+y)^{30}", "(y+(1+x)^{30})^{30}"],
  sines: [many(90, (i) => `\\sin(${i}x)`, "+"), reversed(90, (i) => `\\sin(${i}x)`, "+")],
  letters: ["e".repeat(2_000), "5"],
  "every sign": ["+-*/^_=<>|!%".repeat(160), "x"],
}
