// A config as commented YAML: every key of the schema with what the schema says about it. Prose stands behind `# `, a key that may be
// switched on behind `#` without a space, so that taking away that one character is all it needs.
import { hasKeys, type KeySchema, rangeText, typeText, wrap } from "../key-notes.ts"
import { exampleOf } from "./examples.ts"

const width = 100

export interface ConfigYamlOptions {
  recipe: string
  about: string
  /** What editors read: the path of the JSON Schema, relative to the config. */
  schemaPath: string | null
}

/** The text of a config for a recipe's schema: required keys with an example, all others commented out with their defaults. */
export function configYaml(schema: KeySchema, { recipe, about, schemaPath }: ConfigYamlOptions): string {
  const lines = [
    ...(schemaPath === null ? [] : [`# yaml-language-server: $schema=${schemaPath}`]),
    ...wrap(`${recipe}: ${about}.`, width - 2).map((line) => `# ${line}`),
    "# Keys behind a `#` have the value that is shown; take the `#` away (of the keys above them too) to change one.",
    "",
    `# ${schema.properties?.recipe?.description ?? "Name of the recipe"}`,
    `recipe: ${recipe}`,
    ...keysOf(schema, ["recipe"]).flatMap(([name, key]) => ["", ...keyLines([name], key, isRequired(schema, name))]),
  ]
  return `${lines.join("\n")}\n`
}

/** Keys in the order of the schema, those that a user must set first. */
function keysOf(schema: KeySchema, without: readonly string[] = []): [string, KeySchema][] {
  const keys = Object.entries(schema.properties ?? {}).filter(([name]) => !without.includes(name))
  return [...keys.filter(([name]) => isRequired(schema, name)), ...keys.filter(([name]) => !isRequired(schema, name))]
}

const isRequired = (schema: KeySchema, name: string): boolean => schema.required?.includes(name) ?? false

function keyLines(path: readonly string[], key: KeySchema, active: boolean): string[] {
  const name = path.at(-1)!
  const margin = "  ".repeat(path.length - 1)
  const mark = active ? "" : "#"
  const notes = notesOf(key, active).flatMap((note) => wrap(note, width - margin.length - 2))
  const comments = notes.map((note) => `${margin}# ${note}`)
  const example = exampleOf(path)
  if (hasKeys(key) && example === undefined)
    return [
      ...comments,
      `${margin}${mark}${name}:`,
      ...keysOf(key).flatMap(([inner, of]) => keyLines([...path, inner], of, active && isShown(path, inner, key, of))),
    ]
  const value = active ? (example ?? key.default) : (key.default ?? example)
  return [...comments, ...valueLines(name, value).map((line) => margin + mark + line)]
}

/** Within a key that a user must set: what is required itself, each role of `models`, and where its model is. */
function isShown(above: readonly string[], name: string, parent: KeySchema, key: KeySchema): boolean {
  if (isRequired(parent, name)) return true
  if (above.at(-1) === "models") return hasKeys(key)
  return above.at(-2) === "models" && name === "baseUrl"
}

function notesOf(key: KeySchema, active: boolean): string[] {
  const { description, unit, source } = key
  const kind = hasKeys(key) ? "" : typeText(key)
  const facts = [kind, hasKeys(key) ? "" : rangeText(key), unit === undefined ? "" : `unit: ${unit}`]
  const unset = hasKeys(key)
    ? ""
    : key.default === undefined
      ? "no default"
      : active
        ? `default ${flow(key.default)}`
        : ""
  const fact = [...facts, unset].filter((part) => part !== "").join("; ")
  return [
    ...(description === undefined ? [] : [description]),
    ...(fact === "" ? [] : [fact]),
    ...(source === undefined ? [] : [`source: ${source}`]),
  ]
}

/** `name: value`; lists of objects over several lines, everything else in one (JSON is YAML). */
function valueLines(name: string, value: unknown): string[] {
  if (!Array.isArray(value) || !value.some((element) => typeof element === "object")) return [`${name}: ${flow(value)}`]
  return [
    `${name}:`,
    ...value.flatMap((element: object) =>
      Object.entries(element).map(([key, inner], at) => `  ${at === 0 ? "-" : " "} ${key}: ${flow(inner)}`),
    ),
  ]
}

/** JSON with a space behind commas and colons, and plain words without quotes where YAML reads them as text. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(([key, inner]) => `${key}: ${flow(inner)}`)
    return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`
  }
  const plain =
    typeof value === "string" &&
    /^[A-Za-z][\w./-]*$/.test(value) &&
    !/^(true|false|null|yes|no|on|off|y|n)$/i.test(value)
  return plain ? value : JSON.stringify(value)
}
