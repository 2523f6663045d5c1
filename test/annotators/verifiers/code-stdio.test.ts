// Programs from standard input to standard output, in both languages.
import { describe, expect, test, vi } from "vitest"
import { codeStdio } from "../../../annotators/verifiers/code-stdio.ts"
import { fenced, noSandbox, stdioVerdict } from "../sandbox/code-verdict.ts"

// Programs are processes: a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const missing = await noSandbox()

const sums = { inputs: ["1 2\n", "5 6\n", "-1 1\n"], outputs: ["3\n", "11\n", "0\n"] }

/** Ways to read and to print, all of the sum of two numbers. */
const ways: Record<string, [language: string, program: string]> = {
  "input()": ["python", "a, b = map(int, input().split())\nprint(a + b)"],
  "sys.stdin": ["python", "import sys\nprint(sum(int(each) for line in sys.stdin for each in line.split()))"],
  "sys.stdin.buffer": [
    "python",
    "import sys\nsys.stdout.buffer.write(b'%d' % sum(map(int, sys.stdin.buffer.read().split())))",
  ],
  "open(0)": ["python", "print(sum(map(int, open(0).read().split())))"],
  "/dev/stdin and /dev/stdout": [
    "python",
    "open('/dev/stdout', 'w').write(str(sum(map(int, open('/dev/stdin').read().split()))))",
  ],
  "os.read and os.write": ["python", "import os\nos.write(1, str(sum(map(int, os.read(0, 100).split()))).encode())"],
  "a main function": [
    "python",
    "def main():\n    a, b = map(int, input().split())\n    print(a + b)\n\nif __name__ == '__main__':\n    main()",
  ],
  "sys.exit(0) at the end": ["python", "import sys\nprint(sum(map(int, input().split())))\nsys.exit(0)"],
  "exit()": ["python", "print(sum(map(int, input().split())))\nexit()"],
  "a deep recursion in a thread": [
    "python",
    "import sys, threading\nsys.setrecursionlimit(100_000)\nthreading.stack_size(1 << 26)\ndef down(n): return 0 if n == 0 else down(n - 1)\ndef main():\n    down(50_000)\n    print(sum(map(int, input().split())))\nt = threading.Thread(target=main)\nt.start()\nt.join()",
  ],
  "a pool of processes": [
    "python",
    "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', 'print(sum(map(int, input().split())))'], stdin=sys.stdin, capture_output=True, text=True).stdout.strip())",
  ],
  "classes and dataclasses": [
    "python",
    "from dataclasses import dataclass\n@dataclass\nclass P:\n    a: int\n    b: int\np = P(*map(int, input().split()))\nprint(p.a + p.b)",
  ],
  "print without a newline": ["python", "print(sum(map(int, input().split())), end='')"],
  "blanks at the ends of lines": ["python", "print(sum(map(int, input().split())), end='  \\r\\n\\n\\n')"],
  "readFileSync(0)": [
    "javascript",
    "const [a, b] = require('fs').readFileSync(0, 'utf8').split(' ').map(Number)\nconsole.log(a + b)",
  ],
  "readFileSync of /dev/stdin": [
    "javascript",
    "const [a, b] = require('fs').readFileSync('/dev/stdin', 'utf8').split(' ').map(Number)\nrequire('fs').writeFileSync('/dev/stdout', String(a + b))",
  ],
  "lines of readline": [
    "javascript",
    "const rl = require('readline').createInterface({ input: process.stdin, output: process.stdout, terminal: false })\nrl.on('line', (line) => { const [a, b] = line.split(' ').map(Number); console.log(a + b) })",
  ],
  "a question of readline": [
    "javascript",
    "const rl = require('readline').createInterface({ input: process.stdin })\nrl.question('', (line) => { const [a, b] = line.split(' ').map(Number); console.log(a + b); rl.close() })",
  ],
  "events of standard input": [
    "javascript",
    "let text = ''\nprocess.stdin.setEncoding('utf8')\nprocess.stdin.on('data', (part) => { text += part })\nprocess.stdin.on('end', () => { const [a, b] = text.split(' ').map(Number); process.stdout.write(String(a + b)) })",
  ],
  "for await": [
    "javascript",
    "(async () => { for await (const line of require('readline').createInterface({ input: process.stdin })) { const [a, b] = line.split(' ').map(Number); console.log(a + b) } })()",
  ],
  "a module of ECMAScript": [
    "javascript",
    "import { readFileSync } from 'node:fs'\nconst [a, b] = readFileSync(0, 'utf8').split(' ').map(Number)\nawait null\nconsole.log(a + b)",
  ],
  "require.main": [
    "javascript",
    "function main() { const [a, b] = require('fs').readFileSync(0, 'utf8').split(' ').map(Number); console.log(a + b) }\nif (require.main === module) main()",
  ],
  "process.exit(0) at the end": [
    "javascript",
    "const [a, b] = require('fs').readFileSync(0, 'utf8').split(' ').map(Number)\nconsole.log(a + b)\nprocess.exit(0)",
  ],
  "return at the top": [
    "javascript",
    "const [a, b] = require('fs').readFileSync(0, 'utf8').split(' ').map(Number)\nconsole.log(a + b)\nreturn",
  ],
}

describe.skipIf(missing !== null)(`programs with standard streams (skipped: ${missing})`, () => {
  for (const [name, [language, program]] of Object.entries(ways))
    test(`${language}: ${name}`, async () => {
      const found = await stdioVerdict(fenced(program, language), sums, { language })
      expect(found, found.reason ?? "").toMatchObject({ verdict: "correct", reward: 1, reason: null })
    })

  test("the share that passes is said, and earns nothing", async () => {
    const found = await stdioVerdict(fenced("a, b = map(int, input().split())\nprint(abs(a) + b)"), sums)
    expect(found).toMatchObject({ verdict: "incorrect", reward: 0 })
    expect(found.reason).toBe('2/3 passed; input 3: wrong output, line 1: expected "0", got "2"')
    const js = await stdioVerdict(fenced("console.log(3)", "js"), sums, { language: "javascript" })
    expect(js.reason).toBe('1/3 passed; input 2: wrong output, line 1: expected "11", got "3"')
  })

  test("what differs, and what does not", async () => {
    const outcome = async (printed: string, expected: string) =>
      (await stdioVerdict(fenced(`print(${JSON.stringify(printed)}, end="")`), { inputs: [""], outputs: [expected] }))
        .verdict
    for (const [printed, expected] of [
      ["a\nb\n", "a\nb"],
      ["a \nb\t\n\n", "a\nb"],
      ["a\r\nb\r\n", "a\nb\n"],
      ["", ""],
      ["\n", ""],
      ["中文😀", "中文😀\n"],
    ] as const)
      expect(await outcome(printed, expected), JSON.stringify(printed)).toBe("correct")
    for (const [printed, expected] of [
      ["a\n\nb", "a\nb"],
      [" a", "a"],
      ["a  b", "a b"],
      ["A", "a"],
      ["", "a"],
      ["a", ""],
      ["1.0", "1"],
      ["a\nb\nc", "a\nb"],
    ] as const)
      expect(await outcome(printed, expected), JSON.stringify(printed)).toBe("incorrect")
  })

  test("large input and output", async () => {
    const line = `${"7".repeat(99)}\n`
    const input = line.repeat(40_000)
    for (const [language, program] of [
      ["python", "import sys\nsys.stdout.write(sys.stdin.read())"],
      ["javascript", "process.stdin.pipe(process.stdout)"],
    ] as const) {
      const found = await stdioVerdict(fenced(program, language), { inputs: [input], outputs: [input] }, { language })
      expect(found.verdict, found.reason ?? "").toBe("correct")
    }
    const found = await stdioVerdict(fenced("print('8' * 3_999_999)"), {
      inputs: [""],
      outputs: ["8".repeat(4_000_000)],
    })
    expect(found.verdict).toBe("incorrect")
  })

  test("input and output of any characters", async () => {
    const text = "é 中 😀 \u0001 \u2028 \ufeff x"
    for (const [language, program] of [
      ["python", "print(input())"],
      ["javascript", "console.log(require('fs').readFileSync(0, 'utf8').trimEnd())"],
    ] as const) {
      const found = await stdioVerdict(
        fenced(program, language),
        { inputs: [`${text}\n`], outputs: [text] },
        { language },
      )
      expect(found.verdict, found.reason ?? "").toBe("correct")
    }
    const bytes = "import sys\nsys.stdout.buffer.write(bytes(range(128, 256)))"
    expect(await stdioVerdict(fenced(bytes), { inputs: [""], outputs: ["x"] })).toMatchObject({ verdict: "incorrect" })
    const lone = { inputs: ["\ud800"], outputs: ["\udfff"] }
    expect(await stdioVerdict(fenced("print(input())"), lone)).toMatchObject({ verdict: "correct" })
  })

  test("crashes say how", async () => {
    for (const [language, program, reason] of [
      ["python", "print(3)\nraise KeyError('x')", /KeyError: 'x' \(ended with exit code 1\)/],
      ["python", "import sys\nprint(3)\nsys.exit('no')", /no \(ended with exit code 1\)/],
      ["python", "import os\nos.abort()", /signal 6 \(abort\)/],
      ["python", "print(", /^0\/3 passed; input 1: syntax: SyntaxError/],
      ["javascript", "console.log(3)\nnull.x", /TypeError: Cannot read properties of null/],
      ["javascript", "console.log(3", /^0\/3 passed; input 1: syntax: SyntaxError/],
      ["javascript", "throw 5", /exit code 1/],
    ] as const) {
      const found = await stdioVerdict(fenced(program, language), sums, { language })
      expect(found).toMatchObject({ verdict: "incorrect", reward: 0, reason: expect.stringMatching(reason) })
    }
  })
})

test("a reference that is wrong says what, and a completion without code is unparsed", async () => {
  for (const [reference, said] of [
    [{}, /reference\.inputs/],
    [{ inputs: [], outputs: [] }, /reference\.inputs/],
    [{ inputs: ["1"], outputs: ["1", "2"] }, /differ in number/],
    [{ inputs: [1], outputs: ["1"] }, /reference\.inputs\.0/],
    ["1", /expected object/],
  ] as const) {
    expect(codeStdio.fault(reference)).toMatch(said)
    expect(await stdioVerdict("print(1)", reference)).toMatchObject({ verdict: "unverifiable", reward: null })
  }
  expect(await stdioVerdict("It is 3.", sums)).toMatchObject({ verdict: "unparsed", reward: null })
})
