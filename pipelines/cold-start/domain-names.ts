// Names under which sources label the four domains of the cold start, in normal form.
const names: Record<string, readonly string[]> = {
  mathematics: ["math", "maths", "mathematics", "arithmetic", "algebra", "geometry", "number theory", "数学"],
  code: ["code", "coding", "programming", "software", "software engineering", "代码", "编程"],
  logic: ["logic", "logical reasoning", "puzzle", "puzzles", "逻辑"],
  science: [
    "science",
    "sciences",
    "stem",
    "natural science",
    "physics",
    "chemistry",
    "biology",
    "科学",
    "物理",
    "化学",
    "生物",
  ],
}
const known = new Map(Object.entries(names).flatMap(([name, labels]) => labels.map((label) => [label, name])))

/**
 * The domain that a source's label counts for when domains are balanced: `Maths` is mathematics, `physics` is science; a label that is
 * no known name is a domain of its own, whatever its letter case. The row keeps its label.
 */
export function balancedDomain(label: string | null): string {
  const plain = (label ?? "")
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\s_-]+/g, " ")
    .trim()
  return plain === "" ? "unknown" : (known.get(plain) ?? plain)
}
