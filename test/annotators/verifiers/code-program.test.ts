import { describe, expect, test, vi } from "vitest"
import { type ExpectedProgram, readProgram } from "../../../annotators/verifiers/code-program.ts"
import { noSandbox, testsVerdict } from "../sandbox/code-verdict.ts"

// Programs are processes: a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const missing = await noSandbox()
const python: ExpectedProgram = { language: "python", prompt: null, entryPoint: "f" }
const javascript: ExpectedProgram = { language: "javascript", prompt: null, entryPoint: "f" }
const codeOf = (completion: string, expected = python) => readProgram(completion, expected)?.code ?? null

describe("which code a completion holds", () => {
  const program = "def f(n):\n    return n"
  const shapes: Record<string, string> = {
    "a fence": `\`\`\`python\n${program}\n\`\`\``,
    "a fence without a tag": `\`\`\`\n${program}\n\`\`\``,
    "a tag in capitals": `\`\`\`Python\n${program}\n\`\`\``,
    "a tag with a version": `\`\`\`python3\n${program}\n\`\`\``,
    "a tag in braces": `\`\`\`{python}\n${program}\n\`\`\``,
    "a tag with more after it": `\`\`\`python title="f.py" {1}\n${program}\n\`\`\``,
    "a blank before the tag": `\`\`\` python\n${program}\n\`\`\``,
    tildes: `~~~py\n${program}\n~~~`,
    "four backticks": `\`\`\`\`python\n${program}\n\`\`\`\``,
    "a fence that is never closed": `Sure:\n\`\`\`python\n${program}`,
    "a fence inside a list": `1. First:\n\n   \`\`\`python\n   def f(n):\n       return n\n   \`\`\``,
    "lines that end with CR LF": `\`\`\`python\r\n${program}\r\n\`\`\`\r\n`.replaceAll("\r\n", "\r\n"),
    "prose around": `To do this, we define f.\n\n\`\`\`python\n${program}\n\`\`\`\n\nf(1) is 1.`,
    "an example after it": `\`\`\`python\n${program}\n\`\`\`\nExample:\n\`\`\`python\nprint(f(1))\n\`\`\``,
    "an example without a tag": `\`\`\`python\n${program}\n\`\`\`\n\`\`\`\n>>> f(1)\n1\n\`\`\``,
    "an attempt before it": `\`\`\`python\ndef f(n):\n    return 0\n\`\`\`\nThat is wrong. Better:\n\`\`\`python\n${program}\n\`\`\``,
    "a helper in another fence": `\`\`\`python\n${program}\n\`\`\`\n\`\`\`python\ndef g(n):\n    return f(n)\n\`\`\``,
    "another language after it": `\`\`\`python\n${program}\n\`\`\`\n\`\`\`bash\npython f.py\n\`\`\``,
    "thinking before it": `<think>\n\`\`\`python\ndef f(n): return 1\n\`\`\`\n</think>\n\`\`\`python\n${program}\n\`\`\``,
    "no fence": program,
    "no fence and prose before": `Here is the function:\n\n${program}`,
  }
  for (const [name, completion] of Object.entries(shapes))
    test(name, () => {
      const code = codeOf(completion)!
      expect(code.replaceAll("\r", "").trim().endsWith(program)).toBe(true)
      expect(code).not.toContain("```")
    })

  test("none", () => {
    for (const completion of [
      "",
      "   \n",
      "I do not know.",
      "The answer is 42.",
      "```sql\nSELECT 1\n```",
      "<think>def f(n): return n",
    ])
      expect(codeOf(completion), completion).toBeNull()
  })

  test("JavaScript", () => {
    for (const tag of ["js", "javascript", "mjs", "node", "JavaScript", "jsx"])
      expect(codeOf(`Text\n\`\`\`${tag}\nconst f = (n) => n\n\`\`\`\nMore`, javascript)).toBe("const f = (n) => n")
    expect(codeOf("```python\ndef f(n): return n\n```", javascript)).toBeNull()
    expect(codeOf("const f = (n) => n", javascript)).toBe("const f = (n) => n")
    expect(codeOf("```js\nf(1)\n```\n```js\nfunction f(n) { return n }\n```", javascript)).toContain("function f")
  })

  test("hostile text is read in time and never throws", () => {
    for (const text of [
      "`".repeat(200_000),
      "```\n".repeat(60_000),
      "~~~".repeat(60_000),
      "def f(".repeat(40_000),
      `\`\`\`python\n${"(".repeat(250_000)}`,
      "\ud800```python\n\udfff",
      "    ".repeat(60_000),
      "\n\n".repeat(120_000),
      "a = ".repeat(60_000),
    ]) {
      expect(() => readProgram(text, python), text.slice(0, 20)).not.toThrow()
      expect(() => readProgram(text, { ...python, prompt: "def f(n):\n" }), text.slice(0, 20)).not.toThrow()
    }
  })
})

describe.skipIf(missing !== null)(`completions of a prompt (skipped: ${missing})`, () => {
  const prompt =
    'from typing import List\n\ndef helper(n):\n    return n * 10\n\n\ndef total(numbers: List[int]) -> int:\n    """ Sum of ten times each.\n    >>> total([1, 2])\n    30\n    """\n'
  const tests = "assert total([1, 2]) == 30\nassert total([]) == 0"
  const shapes: Record<string, string> = {
    "the body": "    result = 0\n    for n in numbers:\n        result += helper(n)\n    return result\n",
    "the body, its first indentation lost":
      "result = 0\n    for n in numbers:\n        result += helper(n)\n    return result\n",
    "the body without indentation": "result = 0\nfor n in numbers:\n    result += helper(n)\nreturn result\n",
    "the body in a fence": "```python\n    return sum(helper(n) for n in numbers)\n```",
    "the body in a fence, without indentation":
      "```python\nresult = sum(helper(n) for n in numbers)\nreturn result\n```",
    "the body with tabs": "\tresult = 0\n\tfor n in numbers:\n\t\tresult += helper(n)\n\treturn result\n",
    "the body and another function":
      "    return sum(twice(n) for n in numbers)\n\ndef twice(n):\n    return helper(n)\n",
    "the body and a call": "    return sum(map(helper, numbers))\n\nprint(total([1]))\n",
    "the body and prose": "    return sum(map(helper, numbers))\n\nThis sums ten times each number.\n",
    "the body and tests that stop":
      "    return sum(map(helper, numbers))\n\nif __name__ == '__main__':\n    import doctest\n    doctest.testmod(\n",
    "the whole program": `${prompt}    return sum(map(helper, numbers))\n`,
    "the function alone": "def total(numbers):\n    return sum(map(helper, numbers))\n",
    "the function alone, with types that the prompt imports":
      "```python\ndef total(numbers: List[int]) -> int:\n    return sum(map(helper, numbers))\n```",
    "the whole program in a fence with prose": `Of course.\n\`\`\`python\n${prompt}    return sum(map(helper, numbers))\n\`\`\`\nDone.`,
    "lines that end with CR LF":
      "    result = 0\r\n    for n in numbers:\r\n        result += helper(n)\r\n    return result\r\n",
    "thinking and the function":
      "<think>\nI add.\n</think>\n\ndef total(numbers):\n    return sum(map(helper, numbers))\n",
    "a class beside it":
      "    return Sum(numbers).value\n\nclass Sum:\n    def __init__(self, numbers): self.value = sum(map(helper, numbers))\n",
  }
  for (const [name, completion] of Object.entries(shapes))
    test(name, async () => {
      const found = await testsVerdict(completion, { prompt, entry_point: "total", tests })
      expect(found.verdict, found.reason ?? "").toBe("correct")
    })

  const script = "/* Sum of ten times each. */\nconst helper = (n) => n * 10\nconst total = (numbers) => {\n"
  const inScript: Record<string, string> = {
    "the body": "  return numbers.map(helper).reduce((a, b) => a + b, 0)\n}\n",
    "the body without the last brace": "  return numbers.map(helper).reduce((a, b) => a + b, 0)\n",
    "the body and another function":
      "  return sum(numbers.map(helper))\n}\n\nfunction sum(xs) {\n  return xs.reduce((a, b) => a + b, 0)\n}\n",
    "the whole program": `\`\`\`javascript\n${script}  return numbers.map(helper).reduce((a, b) => a + b, 0)\n}\n\`\`\``,
    "the function alone":
      "```js\nfunction total(numbers) {\n  return numbers.map(helper).reduce((a, b) => a + b, 0)\n}\n```",
    "the function alone, exported":
      "```js\nconst total = (numbers) => numbers.map((n) => n * 10).reduce((a, b) => a + b, 0)\nmodule.exports = { total }\n```",
    "the body and prose": "  return numbers.map(helper).reduce((a, b) => a + b, 0)\n}\n\nThis sums them.\n",
  }
  for (const [name, completion] of Object.entries(inScript))
    test(`JavaScript: ${name}`, async () => {
      const reference = {
        prompt: script,
        entry_point: "total",
        tests: "assert.strictEqual(total([1, 2]), 30)\nassert.strictEqual(total([]), 0)",
      }
      const found = await testsVerdict(completion, reference, { language: "javascript" })
      expect(found.verdict, found.reason ?? "").toBe("correct")
    })
})
