import { describe, expect, it } from "vitest"
import { z } from "zod"
import { grammarSchema, UnsupportedSchema } from "../../../../annotators/endpoint/embedded/grammar-schema.ts"

describe("grammarSchema", () => {
  it("translates what Zod writes for a judgement", () => {
    const judgement = z.strictObject({
      decision: z.enum(["yes", "no"]),
      score: z.int().min(0).max(10),
      reason: z.string().max(80).nullable(),
      tags: z.array(z.string()).max(3),
    })
    expect(grammarSchema(z.toJSONSchema(judgement))).toEqual({
      type: "object",
      properties: {
        decision: { enum: ["yes", "no"] },
        score: { type: "integer" },
        reason: { oneOf: [{ type: "string", maxLength: 80 }, { type: "null" }] },
        tags: { type: "array", items: { type: "string" }, maxItems: 3 },
      },
    })
  })

  it("keeps references, literals and additional properties", () => {
    const schema = {
      definitions: { leaf: { type: "string", format: "date" } },
      type: "object",
      properties: { a: { $ref: "#/definitions/leaf" }, b: { const: 1 } },
      additionalProperties: { type: "number" },
    }
    expect(grammarSchema(schema)).toEqual({
      $defs: { leaf: { type: "string", format: "date" } },
      type: "object",
      properties: { a: { $ref: "#/$defs/leaf" }, b: { const: 1 } },
      additionalProperties: { type: "number" },
    })
  })

  it("allows any properties where none are declared", () => {
    expect(grammarSchema({ type: "object" })).toEqual({ type: "object", properties: {}, additionalProperties: true })
  })

  it.each([
    [{ type: "object", properties: { a: { type: "string", not: {} } } }, "schema.properties.a.not"],
    [{ allOf: [{ type: "string" }] }, "schema.type"],
    [{ type: "object", patternProperties: {} }, "schema.patternProperties"],
    [{ $ref: "#/$defs/missing" }, "schema.$ref"],
    [{}, "schema.type"],
    [{ type: ["object", "null"] }, "schema.type"],
    [{ type: "array", items: [] }, "schema.items"],
    [{ type: "object", properties: [] }, "schema.properties"],
  ])("refuses what it cannot hold an answer to: %j", (schema, path) => {
    expect(() => grammarSchema(schema)).toThrow(UnsupportedSchema)
    try {
      grammarSchema(schema)
    } catch (error) {
      expect((error as UnsupportedSchema).path).toBe(path)
    }
  })
})
