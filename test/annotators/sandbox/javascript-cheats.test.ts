// Programs in JavaScript that want to be called right without being right, in Node and in QuickJS.
import { afterAll, describe, expect, test, vi } from "vitest"
import { runTestsInQuickJs } from "../../../annotators/sandbox/javascript/quickjs.ts"
import { closeSandboxes, fenced, noSandbox, testsVerdict } from "./code-verdict.ts"
import { leftProcesses } from "./left-processes.ts"

// Programs are processes: a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const missing = await noSandbox()

const double = {
  entry_point: "solve",
  tests: "assert.strictEqual(solve(2), 4)\nassert.strictEqual(solve(10), 20)\nassert.strictEqual(solve(-3), -6)",
}
const words = {
  entry_point: "solve",
  tests:
    "function check(candidate) { assert.deepStrictEqual(candidate('ab'), ['a', 'b']); assert.deepStrictEqual(candidate('x'), ['x']) }",
}
const printed = {
  entry_point: "solve",
  tests:
    "console.assert(JSON.stringify(solve('ab')) === JSON.stringify(['a', 'b']))\nconsole.assert(JSON.stringify(solve('x')) === '[\"x\"]')",
}
const record = {
  entry_point: "solve",
  tests: "assert.deepEqual(solve(1), { a: 1, b: [1] }); expect(solve(2)).toEqual({ a: 2, b: [2] })",
}
const near = {
  entry_point: "solve",
  tests: "assert(Math.abs(solve(2) - 0.5) < 1e-6); assert(Math.abs(solve(4) - 0.25) < 1e-6)",
}
const failing = {
  entry_point: "solve",
  tests: "assert.throws(() => solve(-1), RangeError); assert.throws(() => solve(-2), /negative/)",
}
const later = {
  entry_point: "solve",
  tests: "assert.strictEqual(await solve(2), 4); await assert.rejects(solve(-1), /negative/)",
}

/** A program that sends what it likes over its channel. */
const forged = (values: string) => `const fs = require("fs")
function send(value) {
  const text = Buffer.from(JSON.stringify(value)), head = Buffer.alloc(4)
  head.writeUInt32BE(text.length)
  fs.writeSync(3, Buffer.concat([head, text]))
}
${values}`

const cheats: Record<string, [program: string, reference?: object]> = {
  "process.exit(0) at once": ["process.exit(0); function solve(n) { return 0 }"],
  "process.exit(0) in the call": ["function solve(n) { process.exit(0) }"],
  "process.reallyExit": ["function solve(n) { process.reallyExit(0) }"],
  "process.abort": ["function solve(n) { process.abort() }"],
  "its own process killed": ["function solve(n) { process.kill(process.pid, 'SIGKILL') }"],
  "every process killed": ["function solve(n) { process.kill(-1, 'SIGKILL') }"],
  "an exit when it is loaded, later": ["setTimeout(() => process.exit(0)); function solve(n) { return 0 }"],
  "an exit in beforeExit": ["process.on('beforeExit', () => process.exit(0)); function solve(n) { return 0 }"],
  "a proxy that has all": [
    "function solve(n) { return new Proxy({}, { get: () => () => true, has: () => true, ownKeys: () => ['a', 'b'], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }) }) }",
    record,
  ],
  "a proxy of a function": ["const solve = new Proxy(function () {}, { apply: () => new Proxy(() => {}, {}) })"],
  "valueOf that counts": [
    "let n = 0\nfunction solve() { return { valueOf() { return ++n } } }",
    { entry_point: "solve", tests: "assert.equal(solve(1), 4)" },
  ],
  "a difference that is none": ["function solve() { return { [Symbol.toPrimitive]: () => 7 } }", near],
  NaN: ["function solve() { return NaN }", near],
  "toJSON that says what is expected of another": [
    "function solve(s) { return { toJSON: () => ['a', 'b'] } }",
    printed,
  ],
  "an array with a lying length": [
    "class Liar extends Array { get length() { return 2 } }\nfunction solve() { return new Liar() }",
    words,
  ],
  "an object that says it is an array": [
    "function solve(s) { return { length: s.length, 0: 'z', [Symbol.toStringTag]: 'Array', __proto__: Array.prototype } }",
    words,
  ],
  "getters that change": [
    "let n = 0\nfunction solve() { return { get a() { return n++ }, get b() { return [n] } } }",
    record,
  ],
  "Symbol.hasInstance that is always true": [
    "class Any { static [Symbol.hasInstance]() { return true } }\nfunction solve() { throw new Any() }",
    failing,
  ],
  "an error of the wrong kind": [
    "class RangeError2 extends Error { constructor() { super('negative'); this.name = 'RangeError' } }\nfunction solve() { throw new RangeError2() }",
    failing,
  ],
  "RangeError redefined": ["globalThis.RangeError = class extends Error {}\nfunction solve() { return 0 }", failing],
  "nothing thrown but an object that looks so": ["function solve() { return new RangeError('negative') }", failing],
  "assert patched": [
    "const assert2 = require('assert')\nfor (const key of Object.keys(assert2)) assert2[key] = () => {}\nglobalThis.assert = () => {}\nfunction solve() { return 0 }",
  ],
  "console.assert patched": ["console.assert = () => {}\nfunction solve() { return [] }", printed],
  "JSON patched": ['JSON.stringify = () => \'["a","b"]\'\nfunction solve() { return [] }', printed],
  "Object.is and Math patched": ["Object.is = () => true; Math.abs = () => 0\nfunction solve() { return 1 }", near],
  "prototypes polluted": [
    "Object.prototype.a = 1; Object.prototype.b = [1]; Array.prototype[0] = 'a'; Object.prototype.valueOf = () => 4\nfunction solve() { return {} }",
    record,
  ],
  "a prototype in its result": [
    'function solve(n) { return JSON.parse(\'{"__proto__": {"a": 1, "b": [1]}}\') }',
    record,
  ],
  "prototypes polluted through an argument": [
    "function solve(given) { given.__proto__.polluted = 4; Object.defineProperty(given, '__proto__', { value: { x: 4 }, enumerable: true }); return 0 }",
    { entry_point: "solve", tests: "const given = {}; solve(given); assert.strictEqual(given.x, 4)" },
  ],
  "the constructor of a callback": [
    "function solve(f) { f.constructor('assert.strictEqual = assert.ok = () => {}')(); f.constructor.constructor('return process')().exit(0); return 0 }",
    { entry_point: "solve", tests: "assert.strictEqual(solve(() => 1), 1)" },
  ],
  "members set on what the tests pass": [
    "function solve(given) { given.check = () => true; given.expected = 0; return 0 }",
    {
      entry_point: "solve",
      tests:
        "class Task { constructor() { this.expected = 9 } check(value) { return value === 9 } }\nconst task = new Task(); const value = solve(task); assert.strictEqual(value, 9)",
    },
  ],
  "check redefined": ["function check() {}\nfunction solve() { return 0 }", words],
  "candidate redefined": ["const candidate = (s) => [...s]\nfunction solve() { return 0 }", words],
  "it and test redefined": [
    "function it() {} function test() {} function describe() {} function expect() { return { toBe() {} } }\nfunction solve() { return 0 }",
    { entry_point: "solve", tests: "describe('solve', () => { it('doubles', () => { expect(solve(2)).toBe(4) }) })" },
  ],
  "the stack of errors searched": [
    "function solve(n) { const said = new Error().stack; Error.prepareStackTrace = (e, frames) => frames; const frames = new Error().stack; for (const each of frames) { const f = each.getFunction?.(); if (f && /strictEqual\\(solv[e]/.test(String(f))) return 2 * n } return 0 }",
  ],
  "callers searched": [
    "function solve(n) { let f = solve.caller; while (f) { if (String(f).includes('expected')) return 2 * n; f = f.caller } return 0 }",
  ],
  "the tests searched in memory": [
    "function solve(n) { const v8 = require('v8'); const chunks = []; const stream = v8.getHeapSnapshot(); let part; let text = ''; while ((part = stream.read()) !== null) text += part; return /strictEqual\\(solv[e]/.test(text) ? 2 * n : 0 }",
  ],
  "the tests searched in files": [
    "const fs = require('fs')\nfunction solve(n) { for (const name of fs.readdirSync('/tmp')) if (/assert/.test(fs.readFileSync('/tmp/' + name, 'utf8'))) return 2 * n; for (const pid of fs.readdirSync('/proc')) if (/^\\d+$/.test(pid) && fs.readFileSync('/proc/' + pid + '/cmdline', 'utf8').includes('strictEqual(solve')) return 2 * n; return 0 }",
  ],
  "a forged outcome": [forged("send({ status: 'passed', detail: '' }); function solve() { return 0 }")],
  "a forged end": [
    forged("send(['loaded']); send(['loaded']); send(['ok', ['d', 'solve', 4], null]); function solve() { return 0 }"),
  ],
  "a malformed value": [forged("function solve() { send(['ok', ['T', 'constructor', 1], null]); return 0 }")],
  "a reference to what is not there": [forged("function solve() { send(['ok', ['R', 99999], null]); return 0 }")],
  "a question out of turn": [forged("function solve() { send(['back', 'call', 0, ['u'], ['l']]); return 0 }")],
  "a malformed frame": [
    "function solve() { require('fs').writeSync(3, Buffer.from([0, 0, 0, 5, 91, 91, 91, 91, 91])); return 0 }",
  ],
  "an endless frame": ["function solve() { require('fs').writeSync(3, Buffer.from([127, 255, 255, 255])); return 0 }"],
  "the channel closed": ["function solve() { require('fs').closeSync(3); return 4 }"],
  "the results printed": [
    "console.log(4); console.log(20); console.log('ok'); function solve(n) { console.log(2 * n) }",
  ],
  "a promise that never settles": ["function solve() { return new Promise(() => {}) }", later],
  "a promise that settles with another": ["function solve() { return Promise.resolve(new Promise(() => {})) }", later],
  "a thenable that is called back twice": ["function solve() { return { then(done) { done(4); done(20) } } }", later],
  "a rejection for every answer": ["async function solve() { throw new Error('negative') }", later],
  "endless recursion": ["function solve(n) { return solve(n + 1) + 1 }"],
  "a result that holds itself": ["function solve() { const each = []; each.push(each); return each }", words],
  "a result nested too deep": [
    "function solve() { let each = []; for (let at = 0; at < 200_000; at++) each = [each]; return each }",
    words,
  ],
  "a symbol": ["function solve() { return Symbol.for('4') }"],
  "a huge array without content": ["function solve() { return new Array(4_000_000_000) }", words],
}

/** Those that need what QuickJS lacks: there they fail for a reason that is not theirs. */
const needsNode = /process\.|require\(|setTimeout|await /

describe.skipIf(missing !== null)(`cheats in JavaScript (skipped: ${missing})`, () => {
  afterAll(async () => {
    await closeSandboxes()
    expect(await leftProcesses()).toEqual([])
  })

  const verdictOf = (program: string, reference: object) =>
    testsVerdict(fenced(program, "js"), reference, { language: "javascript", timeoutMs: 15_000, memoryMb: 512 })

  test("the references are met by a program that is right", async () => {
    for (const [program, reference] of [
      ["const solve = (n) => 2 * n", double],
      ["const solve = (s) => [...s]", words],
      ["const solve = (s) => [...s]", printed],
      ["function solve(n) { return { a: n, b: [n] } }", record],
      ["const solve = (n) => 1 / n", near],
      ["function solve(n) { if (n < 0) throw new RangeError('negative') }", failing],
      ["async function solve(n) { if (n < 0) throw new RangeError('negative'); return 2 * n }", later],
    ] as const) {
      const found = await verdictOf(program, reference)
      expect(found, `${program} ${found.reason}`).toMatchObject({ verdict: "correct", reward: 1 })
    }
  })

  for (const [name, [program, reference = double]] of Object.entries(cheats))
    test(name, async () => {
      const { verdict, reward, reason } = await verdictOf(program, reference)
      expect({ verdict, reward }, reason ?? "").toEqual({ verdict: "incorrect", reward: 0 })
    })

  test("a tester goes on after all of them", async () => {
    expect(await verdictOf("const solve = (n) => n + n", double)).toMatchObject({ verdict: "correct" })
    expect(await verdictOf("const solve = (n) => n * n", double)).toMatchObject({ verdict: "incorrect" })
  })
})

describe("cheats in QuickJS", () => {
  const outcomeOf = (program: string, { entry_point, tests }: { entry_point: string; tests: string }) =>
    runTestsInQuickJs(
      { alternatives: [[program]], tests: [tests], entryPoint: entry_point, prompt: null },
      { timeoutMs: 1_000, memoryBytes: 256 << 20 },
      { signal: new AbortController().signal },
    )
  for (const [name, [program, reference = double]] of Object.entries(cheats))
    test(name, async () => {
      const { status, detail } = await outcomeOf(program, reference as typeof double)
      const text = program + JSON.stringify(reference)
      // Whatever happens, it has not passed; where all that it uses is there, it has failed.
      expect(
        needsNode.test(text)
          ? [status === "passed"]
          : [["failed", "died", "timeout", "memory", "unsupported"].includes(status)],
        `${status} ${detail}`,
      ).toEqual(needsNode.test(text) ? [false] : [true])
    })
})
