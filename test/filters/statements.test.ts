import { describe, expect, it } from "vitest"
import { statementsOf } from "../../filters/statements.ts"

const split = (text: string) => statementsOf(text).map((span) => text.slice(...span))

describe("statements", () => {
  it.each([
    ["So 3.5 is it. Then 2!", ["So 3.5 is it.", "Then 2!"]],
    ["one\n\n  two  \r\nthree", ["one", "two", "three"]],
    ["三加四等于七。对吗？对！", ["三加四等于七。", "对吗？", "对！"]],
    ["that is, i.e. 160 km, e.g. by car. Done", ["that is, i.e. 160 km, e.g. by car.", "Done"]],
    ["(It is 5.) **Yes.** Fine; good.", ["(It is 5.", ") **Yes.", "** Fine;", "good."]],
    ["选B.然后", ["选B.", "然后"]],
    ["", []],
    [" \n\t ", []],
    ["...", ["..."]],
  ])("%j", (text, expected) => {
    expect(split(text)).toEqual(expected)
  })
})
