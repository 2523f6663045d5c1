/** JSON of any row: bigints as integer literals, bytes as their length. */
export function plainJson(value: unknown, indent?: number): string {
  const marked = JSON.stringify(
    value,
    (_, member: unknown) =>
      typeof member === "bigint"
        ? `\u0000${member}\u0000`
        : member instanceof Uint8Array
          ? `<${member.length} bytes>`
          : member,
    indent,
  )
  return (marked ?? "null").replace(/"\\u0000(-?\d+)\\u0000"/g, "$1")
}

/** JSON for a terminal: nothing in it can steer it. */
export const terminalJson = (value: unknown): string =>
  plainJson(value, 2).replace(
    /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  )
