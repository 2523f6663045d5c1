import { expect, test } from "vitest"
import { escaped, html } from "../../../ui/report/html.ts"

test("text from outside is no markup and hides nothing", () => {
  const hostile = `</script><script>alert(1)</script><img src=x onerror="alert(1)">'&amp;\u202e\u0000\u200b\ttab\nline`
  const shown = escaped(hostile)
  expect(shown).not.toMatch(/[<>"'\u0000-\u0009\u202e\u200b]/)
  expect(shown).toContain("&#60;script&#62;alert(1)")
  expect(shown).toContain("&#38;amp;\\u202e\\u0000\\u{200b}    tab\nline")
})

test("long text is cut and says by how much; a cut surrogate is no broken character", () => {
  expect(escaped("x".repeat(100), 40)).toBe(`${"x".repeat(40)} ... (60 characters more)`)
  expect(escaped(`a${"\u{1f600}".repeat(10)}`, 4).isWellFormed()).toBe(true)
})

test("a template escapes strings in text and attributes, and keeps markup and lists of it", () => {
  const inner = html`<b>${"<i>"}</b>`
  expect(html`<p title="${'" onclick="x'}">${inner}${[inner, inner]}${3}</p>`.html).toBe(
    `<p title="&#34; onclick=&#34;x">${"<b>&#60;i&#62;</b>".repeat(3)}3</p>`,
  )
})
