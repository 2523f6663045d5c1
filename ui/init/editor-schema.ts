import { z } from "zod"

/** The JSON Schema of a config for editors, as text: strict, and with the reference to itself that they look for. */
export function editorSchema(config: z.ZodType): string {
  const schema = z.toJSONSchema(config, { io: "input", unrepresentable: "any" }) as { properties?: object }
  return `${JSON.stringify({ ...schema, properties: { $schema: { type: "string" }, ...schema.properties } }, null, 2)}\n`
}
