/** A JSON Schema as a client sends it. */
export type JsonSchema = Record<string, unknown>

/** A keyword that the grammar cannot hold the model to. */
export class UnsupportedSchema extends Error {
  readonly path: string

  constructor(path: string, message: string) {
    super(message)
    this.path = path
  }
}

// Keywords that no grammar of ours enforces and that do not change the shape of the answer: the asker validates them.
const unenforced = new Set([
  ...[
    "$schema",
    "$id",
    "$comment",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
  ],
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "pattern", "uniqueItems"],
  // A grammar writes every property.
  "required",
])

/**
 * Translates a JSON Schema into the subset from which `node-llama-cpp` builds a grammar: every property is written, in
 * the schema's order. Throws `UnsupportedSchema` for a keyword that shapes the answer and has no counterpart.
 */
export function grammarSchema(schema: unknown): JsonSchema {
  return translate(schema, "schema", new Set())
}

function translate(schema: unknown, path: string, outer: ReadonlySet<string>): JsonSchema {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema))
    throw new UnsupportedSchema(path, "expected an object with a type")
  const keywords: JsonSchema = { ...schema }
  const take = (key: string): unknown => {
    const value = keywords[key]
    delete keywords[key]
    return value
  }
  const every = (value: unknown, key: string) =>
    Object.entries(asRecord(value, `${path}.${key}`)).map(
      ([name, each]) => [name, translate(each, `${path}.${key}.${name}`, known)] as const,
    )
  const translated: JsonSchema = {}

  const definitions = { ...asRecord(take("definitions") ?? {}, path), ...asRecord(take("$defs") ?? {}, path) }
  const known = new Set([...outer, ...Object.keys(definitions)])
  if (Object.keys(definitions).length > 0) translated.$defs = Object.fromEntries(every(definitions, "$defs"))
  const alternatives = take("oneOf") ?? take("anyOf")
  if ("$ref" in keywords) {
    const reference = String(take("$ref")).replace("#/definitions/", "#/$defs/")
    if (!reference.startsWith("#/$defs/") || !known.has(reference.slice("#/$defs/".length)))
      throw new UnsupportedSchema(`${path}.$ref`, `${reference} refers to nothing in $defs`)
    translated.$ref = reference
  } else if (Array.isArray(alternatives))
    translated.oneOf = alternatives.map((each, index) => translate(each, `${path}.anyOf.${index}`, known))
  else if ("const" in keywords) {
    translated.const = take("const")
    take("type")
  } else if (Array.isArray(keywords.enum)) {
    translated.enum = take("enum")
    take("type")
  } else {
    const type = take("type")
    translated.type = type
    if (type === "object") {
      translated.properties = Object.fromEntries(every(take("properties") ?? {}, "properties"))
      const others = take("additionalProperties")
      if (typeof others === "object" && others !== null)
        translated.additionalProperties = translate(others, `${path}.additionalProperties`, known)
      // Its absence allows other properties; the answer has only the declared ones where some are declared.
      else if (others === true || (others === undefined && Object.keys(translated.properties as object).length === 0))
        translated.additionalProperties = true
      for (const key of ["minProperties", "maxProperties"]) if (key in keywords) translated[key] = take(key)
      take("propertyNames")
    } else if (type === "array") {
      if ("items" in keywords) translated.items = translate(take("items"), `${path}.items`, known)
      if (Array.isArray(keywords.prefixItems))
        translated.prefixItems = (take("prefixItems") as unknown[]).map((each, index) =>
          translate(each, `${path}.prefixItems.${index}`, known),
        )
      for (const key of ["minItems", "maxItems"]) if (key in keywords) translated[key] = take(key)
    } else if (type === "string") {
      const format = take("format")
      if (format === "date-time" || format === "time" || format === "date") translated.format = format
      else for (const key of ["minLength", "maxLength"]) if (key in keywords) translated[key] = take(key)
    } else if (!isScalarType(type))
      throw new UnsupportedSchema(`${path}.type`, "expected object, array, string, number, integer, boolean or null")
  }
  const left = Object.keys(keywords).find((key) => !unenforced.has(key))
  if (left !== undefined) throw new UnsupportedSchema(`${path}.${left}`, `the keyword ${left} is not supported here`)
  return translated
}

const scalars = new Set(["string", "number", "integer", "boolean", "null"])
const isScalarType = (type: unknown) =>
  Array.isArray(type) ? type.length > 0 && type.every((each) => scalars.has(each)) : scalars.has(type as string)

function asRecord(value: unknown, path: string): JsonSchema {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonSchema
  throw new UnsupportedSchema(path, "expected an object")
}
