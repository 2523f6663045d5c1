// Programs of many shapes that must pass their tests, and the same with a fault, in both languages; and what can be known without running.
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test, vi } from "vitest"
import { codeTests } from "../../../annotators/verifiers/code-tests.ts"
import { fenced, noSandbox, testsVerdict } from "../sandbox/code-verdict.ts"

// Programs are processes: a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const missing = await noSandbox()
const data = join(process.env.COTYLEDON_DATA ?? "../shared/data", "questions/humaneval.jsonl")

/** A right program, one with a fault, and what tests them. */
type Shape = [right: string, wrong: string, tests: string | string[], entryPoint?: string]

const python: Record<string, Shape> = {
  "one assertion": ["def add(a, b): return a + b", "def add(a, b): return a - b", "assert add(1, 2) == 3"],
  "a list of assertions, as MBPP has": [
    "def add(a, b): return a + b",
    "def add(a, b): return abs(a) + b",
    ["assert add(1, 2) == 3", "assert add(-1, 2) == 1"],
  ],
  "a check function, as HumanEval has": [
    "def f(s): return s[::-1]",
    "def f(s): return s",
    "def check(candidate):\n    assert candidate('ab') == 'ba'\n",
    "f",
  ],
  "floats with a tolerance": [
    "def mean(xs): return sum(xs) / len(xs)",
    "def mean(xs): return sum(xs) // len(xs)",
    "import math\nassert math.isclose(mean([1, 2]), 1.5, rel_tol=1e-9)\nassert abs(mean([0.1, 0.2]) - 0.15) < 1e-9",
  ],
  "arguments that are changed": [
    "def sort(xs): xs.sort()",
    "def sort(xs): sorted(xs)",
    "xs = [3, 1, 2]\nsort(xs)\nassert xs == [1, 2, 3]",
  ],
  "nested arguments that are changed": [
    "def clear(grid):\n    for row in grid: row[0] = 0",
    "def clear(grid): grid[0][0] = 0",
    "grid = [[1, 2], [3, 4]]\nfirst = grid[0]\nclear(grid)\nassert grid == [[0, 2], [0, 4]] and first[0] == 0",
  ],
  "a result that is the argument": [
    "def same(xs): return xs",
    "def same(xs): return list(xs)",
    "xs = [1]\nassert same(xs) is xs",
  ],
  exceptions: [
    "def root(n):\n    if n < 0: raise ValueError('negative: %d' % n)\n    return n ** 0.5",
    "def root(n): return abs(n) ** 0.5",
    "try:\n    root(-1)\n    assert False\nexcept ValueError as error:\n    assert 'negative' in str(error)\nassert root(4) == 2",
  ],
  "exceptions of its own": [
    "class Empty(Exception):\n    def __init__(self, code): super().__init__('empty'); self.code = code\ndef pop(): raise Empty(7)",
    "class Empty(Exception): pass\ndef pop(): raise KeyError",
    "try:\n    pop()\nexcept Empty as error:\n    assert error.code == 7\nelse:\n    assert False",
  ],
  generators: [
    "def up(n):\n    for each in range(n): yield each",
    "def up(n): yield from range(n + 1)",
    "assert list(up(3)) == [0, 1, 2]\nit = up(2)\nassert next(it) == 0",
  ],
  "a generator without end": [
    "def count():\n    n = 0\n    while True:\n        yield n\n        n += 1",
    "def count():\n    n = 1\n    while True:\n        yield n\n        n += 1",
    "import itertools\nassert list(itertools.islice(count(), 3)) == [0, 1, 2]",
  ],
  "a generator that is sent to": [
    "def echo():\n    got = None\n    while True: got = yield got",
    "def echo():\n    while True: yield None",
    "it = echo()\nnext(it)\nassert it.send(5) == 5",
  ],
  classes: [
    "class Stack:\n    def __init__(self): self.held = []\n    def push(self, each): self.held.append(each)\n    def pop(self): return self.held.pop()\n    def __len__(self): return len(self.held)",
    "class Stack:\n    def __init__(self): self.held = []\n    def push(self, each): self.held.append(each)\n    def pop(self): return self.held.pop(0)\n    def __len__(self): return len(self.held)",
    "s = Stack()\ns.push(1)\ns.push(2)\nassert len(s) == 2\nassert s.pop() == 2",
  ],
  "classes with operators": [
    "class V:\n    def __init__(self, x): self.x = x\n    def __add__(self, o): return V(self.x + o.x)\n    def __eq__(self, o): return self.x == o.x\n    def __repr__(self): return 'V(%d)' % self.x",
    "class V:\n    def __init__(self, x): self.x = x\n    def __add__(self, o): return V(self.x)\n    def __eq__(self, o): return self.x == o.x\n    def __repr__(self): return 'V(%d)' % self.x",
    "assert V(1) + V(2) == V(3)\nassert repr(V(1) + V(2)) == 'V(3)'",
  ],
  properties: [
    "class C:\n    @property\n    def f(self): return 212\n    @staticmethod\n    def s(): return 1\n    @classmethod\n    def k(cls): return cls.__name__",
    "class C:\n    f = 100\n    def s(): return 1\n    def k(): return 'C'",
    "assert C().f == 212 and C.s() == 1 and C.k() == 'C'",
  ],
  "context managers": [
    "class Open:\n    def __enter__(self): self.open = True; return self\n    def __exit__(self, *a): self.open = False",
    "class Open:\n    def __enter__(self): self.open = True; return self\n    def __exit__(self, *a): pass",
    "with Open() as each:\n    assert each.open\nassert not each.open",
  ],
  dataclasses: [
    "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int = 2\ndef make(): return P(1)",
    "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int = 3\ndef make(): return P(1)",
    "assert make().x == 1 and make().y == 2\nassert P(1) == make() and P(1, 2) == make()",
  ],
  "named tuples": [
    "from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef make(): return P(1, 2)",
    "def make(): return (1, 3)",
    "assert make() == (1, 2) and make()[1] == 2",
  ],
  "functions of the tests": [
    "def apply(f, xs): return [f(each) for each in xs]",
    "def apply(f, xs): return xs",
    "assert apply(lambda n: n * n, [1, 2, 3]) == [1, 4, 9]\ncalls = []\napply(calls.append, [1])\nassert calls == [1]",
  ],
  decorators: [
    "def twice(f):\n    def wrapped(*args): return f(f(*args))\n    return wrapped",
    "def twice(f): return f",
    "@twice\ndef inc(n): return n + 1\nassert inc(1) == 3",
  ],
  closures: [
    "def counter():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n        return n\n    return up",
    "def counter(): return lambda: 1",
    "c = counter()\nc()\nassert c() == 2",
  ],
  async: [
    "import asyncio\nasync def late(n):\n    await asyncio.sleep(0.01)\n    return n + 1",
    "async def late(n): return n",
    "import asyncio\nassert asyncio.run(late(1)) == 2",
  ],
  "sets, bytes, complex numbers, None": [
    "def many(): return ({1, 2}, b'x', 1j, None, frozenset([3]), range(3), float('inf'))",
    "def many(): return ({1, 2}, b'x', 1j, None, frozenset([3]), range(4), float('inf'))",
    "assert many() == ({1, 2}, b'x', 1j, None, frozenset([3]), range(3), float('inf'))",
  ],
  "large integers": ["def big(): return 2 ** 1000", "def big(): return 2 ** 1000 + 1", "assert big() == 2 ** 1000"],
  "dates and decimals": [
    "from datetime import date\nfrom decimal import Decimal\nfrom fractions import Fraction\ndef many(): return date(2020, 1, 2), Decimal('1.10'), Fraction(1, 3)",
    "def many(): return None",
    "from datetime import date\nfrom decimal import Decimal\nfrom fractions import Fraction\nassert many() == (date(2020, 1, 2), Decimal('1.10'), Fraction(1, 3))",
  ],
  "type of a result": [
    "def f(): return [1]",
    "def f(): return (1,)",
    "assert isinstance(f(), list) and type(f()) == list",
  ],
  "text of many languages": [
    "def f(s): return s.upper() + 'ß中😀'",
    "def f(s): return s + 'ß中😀'",
    "assert f('é') == 'Éß中😀'",
  ],
  unittest: [
    "def f(n): return n + 1",
    "def f(n): return n",
    "import unittest\nclass TestF(unittest.TestCase):\n    def setUp(self): self.n = 1\n    def test_one(self): self.assertEqual(f(self.n), 2)\n    def test_type(self):\n        with self.assertRaises(TypeError): f('x')\nif __name__ == '__main__':\n    unittest.main()",
  ],
  "functions as pytest collects": [
    "def f(n):\n    if n < 0: raise ValueError('below zero')\n    return n / 3",
    "def f(n): return n",
    "import pytest\ndef test_near():\n    assert f(1) == pytest.approx(0.333333, rel=1e-4)\n@pytest.mark.parametrize('n, value', [(3, 1), (6, 2)])\ndef test_many(n, value): assert f(n) == value\ndef test_raises():\n    with pytest.raises(ValueError, match='below'): f(-1)",
  ],
  "classes as pytest collects": [
    "def f(n): return n + 1",
    "def f(n): return n",
    "class TestF:\n    def setup_method(self): self.n = 1\n    def test_one(self): assert f(self.n) == 2",
  ],
  "tests that import the solution": [
    "def f(n): return n + 1",
    "def f(n): return n",
    "from solution import f\nassert f(1) == 2",
  ],
  "tests in a loop": [
    "def f(n): return n * n",
    "def f(n): return n * 2",
    "for n, value in [(2, 4), (3, 9)]:\n    assert f(n) == value, f'f({n})'",
  ],
  "helpers in the tests": [
    "def f(xs): return sorted(xs)",
    "def f(xs): return xs",
    "def is_sorted(xs): return all(a <= b for a, b in zip(xs, xs[1:]))\nassert is_sorted(f([3, 1, 2]))",
  ],
  "numbers that any order satisfies": [
    "def f(n): return [2, 1]",
    "def f(n): return [2, 2]",
    "assert set(f(1)) == {1, 2} and len(f(1)) == 2",
  ],
  "a program that reads its own name": [
    "def f(): return 1\nif __name__ == '__main__':\n    raise SystemExit(f())",
    "def f(): return 2\nif __name__ == '__main__':\n    print(f())",
    "assert f() == 1",
  ],
  "a program that prints": [
    "print('loading')\ndef f(n):\n    print('n is', n)\n    return n",
    "print('loading')\ndef f(n): print(n)",
    "assert f(1) == 1",
  ],
  "printing that the tests read": [
    "def hello(): print('hello')",
    "def hello(): print('bye')",
    "import io, contextlib\nout = io.StringIO()\nwith contextlib.redirect_stdout(out): hello()\nassert out.getvalue() == 'hello\\n'",
  ],
}

const javascript: Record<string, Shape> = {
  "node:assert": [
    "function add(a, b) { return a + b }",
    "function add(a, b) { return a - b }",
    "const assert = require('node:assert')\nassert.strictEqual(add(1, 2), 3)",
  ],
  "assert without require": ["const add = (a, b) => a + b", "const add = (a, b) => a - b", "assert(add(1, 2) === 3)"],
  "a list of assertions": [
    "const add = (a, b) => a + b",
    "const add = (a, b) => Math.abs(a) + b",
    ["assert.equal(add(1, 2), 3)", "assert.equal(add(-1, 2), 1)"],
  ],
  "console.assert, as HumanEval-X has": [
    "const hasClose = (xs, t) => xs.some((a, i) => xs.some((b, j) => i !== j && Math.abs(a - b) < t))",
    "const hasClose = () => true",
    "const testHasClose = () => {\n  console.assert(hasClose([1, 2, 3], 0.5) === false)\n  console.assert(hasClose([1, 2.8, 3], 0.3) === true)\n}\n\ntestHasClose()",
    "hasClose",
  ],
  "lists as JSON, as HumanEval-X has": [
    "const evens = (xs) => xs.filter((x) => x % 2 === 0)",
    "const evens = (xs) => xs.filter((x) => x % 2)",
    "const test = () => { console.assert(JSON.stringify(evens([1, 2])) === JSON.stringify([2])) }\ntest()",
    "evens",
  ],
  "a candidate, as MultiPL-E has": [
    "function f(xs) { return xs.toReversed() }",
    "function f(xs) { return xs }",
    "const assert = require('node:assert');\n\nfunction test() {\n  let candidate = f;\n  assert.deepEqual(candidate([1, 2]), [2, 1]);\n}\n\ntest();",
    "f",
  ],
  "a check function": [
    "function f(n) { return n + 1 }",
    "function f(n) { return n }",
    "function check(candidate) { console.assert(candidate(1) === 2) }",
    "f",
  ],
  jest: [
    "function f(n) { return { n, list: [n] } }",
    "function f(n) { return { n } }",
    "describe('f', () => {\n  test('value', () => { expect(f(1)).toEqual({ n: 1, list: [1] }) })\n  it('near', () => { expect(f(0.1).n + 0.2).toBeCloseTo(0.3) })\n  it.each([[1], [2]])('each', (n) => { expect(f(n).list).toContain(n) })\n})",
  ],
  "node:test": [
    "function f(n) { return n + 1 }",
    "function f(n) { return n }",
    "const test = require('node:test')\nconst assert = require('node:assert/strict')\ntest('f', async (t) => { await t.test('inner', () => { assert.equal(f(1), 2) }) })",
  ],
  "modules of CommonJS": [
    "function f(n) { return n + 1 }\nmodule.exports = { f }",
    "function f(n) { return n }\nmodule.exports = { f }",
    "const { f } = require('./solution')\nassert.equal(f(1), 2)",
  ],
  "a module that is a function": [
    "module.exports = function (n) { return n + 1 }",
    "module.exports = function (n) { return n }",
    "const f = require('../src/f.js')\nassert.equal(f(1), 2)",
  ],
  "exports by name": ["exports.f = (n) => n + 1", "exports.f = (n) => n", "assert.equal(f(1), 2)", "f"],
  "modules of ECMAScript": [
    "import { strict } from 'node:assert'\nexport const f = (n) => n + 1\nexport default f",
    "export const f = (n) => n",
    "import assert from 'node:assert'\nimport { f } from './solution.mjs'\nassert.equal(f(1), 2)",
  ],
  classes: [
    "class Stack { #held = []; push(x) { this.#held.push(x); return this } pop() { return this.#held.pop() } get size() { return this.#held.length } static of(...xs) { const s = new Stack(); xs.forEach((x) => s.push(x)); return s } }",
    "class Stack { #held = []; push(x) { this.#held.push(x); return this } pop() { return this.#held.shift() } get size() { return this.#held.length } static of(...xs) { const s = new Stack(); xs.forEach((x) => s.push(x)); return s } }",
    "const s = new Stack()\ns.push(1).push(2)\nassert.equal(s.pop(), 2)\nassert.equal(s.size, 1)\nassert(s instanceof Stack)\nassert.equal(Stack.of(1, 2).size, 2)",
  ],
  "instances that are equal": [
    "class P { constructor(x) { this.x = x } move() { return new P(this.x + 1) } }",
    "class P { constructor(x) { this.x = x } move() { return new P(this.x) } }",
    "assert.deepStrictEqual(new P(1).move(), new P(2))\nassert.deepEqual(new P(1).move(), { x: 2 })",
  ],
  closures: [
    "function counter() { let n = 0; return { up() { return ++n }, get value() { return n } } }",
    "function counter() { let n = 0; return { up() { return n }, get value() { return n } } }",
    "const c = counter()\nc.up()\nassert.equal(c.up(), 2)\nassert.equal(c.value, 2)",
  ],
  "functions that give functions": [
    "const add = (a) => (b) => a + b",
    "const add = (a) => (b) => a",
    "assert.equal(add(1)(2), 3)",
  ],
  "functions of the tests": [
    "const map = (xs, f) => xs.map((x) => f(x))",
    "const map = (xs) => xs",
    "const seen = []\nassert.deepEqual(map([1, 2], (x) => { seen.push(x); return x * x }), [1, 4])\nassert.deepEqual(seen, [1, 2])",
  ],
  "arguments that are changed": [
    "function sort(xs) { xs.sort((a, b) => a - b) }",
    "function sort(xs) { return xs.toSorted((a, b) => a - b) }",
    "const xs = [10, 9]\nsort(xs)\nassert.deepStrictEqual(xs, [9, 10])",
  ],
  "a result that is the argument": [
    "const same = (x) => x",
    "const same = (x) => ({ ...x })",
    "const x = { a: 1 }\nassert.strictEqual(same(x), x)",
  ],
  "a result that is not the argument": [
    "const copy = (x) => structuredClone(x)",
    "const copy = (x) => x",
    "const x = { a: [1] }\nassert.notStrictEqual(copy(x), x)\nassert.deepStrictEqual(copy(x), x)",
  ],
  exceptions: [
    "function f(n) { if (n < 0) throw new RangeError('below zero'); return n }",
    "function f(n) { return n }",
    "assert.throws(() => f(-1), RangeError)\nassert.throws(() => f(-1), { name: 'RangeError', message: 'below zero' })\nexpect(() => f(-1)).toThrow('below')",
  ],
  "exceptions of its own": [
    "class Empty extends Error { constructor(code) { super('empty'); this.name = 'Empty'; this.code = code } }\nfunction f() { throw new Empty(7) }",
    "class Empty extends Error {}\nfunction f() { throw new Error('empty') }",
    "try { f(); assert.fail() } catch (error) { assert(error instanceof Empty); assert.equal(error.code, 7) }",
  ],
  promises: [
    "async function f(n) { await new Promise((done) => setTimeout(done, 5)); if (n < 0) throw new Error('no'); return n + 1 }",
    "async function f(n) { return n }",
    "(async () => {\n  assert.equal(await f(1), 2)\n  await assert.rejects(() => f(-1), /no/)\n})()",
  ],
  "await at the top": [
    "async function f(n) { return n + 1 }",
    "async function f(n) { return n }",
    "assert.equal(await f(1), 2)",
  ],
  "promises nobody awaits": [
    "async function f(n) { return n + 1 }",
    "async function f(n) { return n }",
    "f(1).then((value) => assert.equal(value, 2))\nassert.ok(true)",
  ],
  "callbacks later": [
    "function f(n, done) { setTimeout(() => done(null, n + 1), 5) }",
    "function f(n, done) { setTimeout(() => done(null, n), 5) }",
    "it('calls back', (done) => { f(1, (error, value) => { expect(value).toBe(2); done() }) })",
  ],
  timers: [
    "function debounce(f, ms) { let timer; return (...args) => { clearTimeout(timer); timer = setTimeout(() => f(...args), ms) } }",
    "function debounce(f) { return f }",
    "test('debounce', async () => { let n = 0; const g = debounce(() => n++, 20); g(); g(); await new Promise((done) => setTimeout(done, 80)); expect(n).toBe(1) })",
  ],
  "mock functions": [
    "function each(xs, f) { for (const x of xs) f(x) }",
    "function each(xs, f) { f(xs[0]) }",
    "const f = jest.fn()\neach([1, 2], f)\nexpect(f).toHaveBeenCalledTimes(2)\nexpect(f).toHaveBeenCalledWith(2)",
  ],
  generators: [
    "function* up(n) { for (let at = 0; at < n; at++) yield at }",
    "function* up(n) { for (let at = 1; at < n; at++) yield at }",
    "assert.deepEqual([...up(3)], [0, 1, 2])\nfor (const each of up(1)) assert.equal(each, 0)",
  ],
  "asynchronous generators": [
    "async function* up(n) { for (let at = 0; at < n; at++) yield at }",
    "async function* up(n) { yield n }",
    "const all = []\nfor await (const each of up(3)) all.push(each)\nassert.deepEqual(all, [0, 1, 2])",
  ],
  "maps, sets, dates, big integers": [
    "const f = () => [new Map([['a', 1]]), new Set([1]), new Date(0), 2n ** 70n, /x/g, new Uint8Array([1]), undefined, -0, NaN]",
    "const f = () => [new Map([['a', 1]]), new Set([1]), new Date(1), 2n ** 70n, /x/g, new Uint8Array([1]), undefined, -0, NaN]",
    "assert.deepStrictEqual(f(), [new Map([['a', 1]]), new Set([1]), new Date(0), 2n ** 70n, /x/g, new Uint8Array([1]), undefined, -0, NaN])",
  ],
  "trees with cycles": [
    "function ring() { const a = { name: 'a' }; a.next = { name: 'b', next: a }; return a }",
    "function ring() { return { name: 'a', next: { name: 'b' } } }",
    "const a = ring()\nassert.strictEqual(a.next.next, a)",
  ],
  "linked lists of the tests": [
    "function sum(node) { let total = 0; for (; node; node = node.next) total += node.value; return total }",
    "function sum(node) { return node.value }",
    "class Node { constructor(value, next = null) { this.value = value; this.next = next } }\nassert.equal(sum(new Node(1, new Node(2))), 3)",
  ],
  "extended prototypes": [
    "Array.prototype.last = function () { return this.at(-1) ?? -1 }\nfunction f(xs) { return xs.last() }",
    "function f(xs) { return xs[0] }",
    "assert.equal(f([1, 2]), 2)",
  ],
  "frozen results": [
    "const f = () => Object.freeze({ a: 1 })",
    "const f = () => ({ a: 1 })",
    "assert(Object.isFrozen(f()))",
  ],
  "text of many languages": [
    "const f = (s) => s.toUpperCase() + '中😀\\ud800'",
    "const f = (s) => s + '中😀'",
    "assert.equal(f('é'), 'É中😀\\ud800')",
  ],
  "errors thrown by hand": [
    "const f = (n) => n + 1",
    "const f = (n) => n",
    "if (f(1) !== 2) throw new Error('f(1) is ' + f(1))",
  ],
  "modules of Node": [
    "const { createHash } = require('crypto')\nconst f = (s) => createHash('md5').update(s).digest('hex')",
    "const f = (s) => s",
    "const crypto = require('crypto')\nassert.equal(f('a'), crypto.createHash('md5').update('a').digest('hex'))",
  ],
  "strict mode": [
    "'use strict'\nfunction f() { return this === undefined }",
    "function f() { return this === undefined }",
    "assert.equal(f(), true)",
  ],
}

describe.skipIf(missing !== null)(`shapes of programs and tests (skipped: ${missing})`, () => {
  for (const [language, shapes] of Object.entries({ python, javascript }))
    for (const [name, [right, wrong, tests, entry_point]] of Object.entries(shapes))
      test(`${language}: ${name}`, async () => {
        const reference = { tests, ...(entry_point ? { entry_point } : {}) }
        const found = await testsVerdict(fenced(right, language), reference, { language })
        expect(found.verdict, found.reason ?? "").toBe("correct")
        expect((await testsVerdict(fenced(wrong, language), reference, { language })).verdict).toBe("incorrect")
      })

  test("a program that is cut off, or needs a module that is not there", async () => {
    const reference = { tests: "assert f(1) == 1", entry_point: "f" }
    for (const [program, reason] of [
      ["def f(n):\n    return (n", /SyntaxError/],
      ["import not_there\ndef f(n): return n", /not_there/],
      ["def g(n): return n", /the program defines no f/],
      ["def f(n):\n    return undefined_name", /NameError/],
      ["f = 1", /TypeError/],
    ] as const) {
      const found = await testsVerdict(fenced(program), reference)
      expect(found).toMatchObject({ verdict: "incorrect", reward: 0, reason: expect.stringMatching(reason) })
    }
  })

  test("tests that no program could pass are not the program's fault", async () => {
    const program = { python: "def f(n): return n", javascript: "function f(n) { return n }" }
    for (const [language, tests, reason] of [
      ["python", "assert f(1) == (", /do not compile/],
      ["python", "f(1)", /check nothing/],
      ["python", "import not_there\nassert f(1) == 1", /need the module not_there/],
      ["python", "def test_f(monkeypatch): assert f(1) == 1", /monkeypatch/],
      [
        "python",
        "from unittest.mock import patch\nwith patch('solution.g'): assert f(1) == 1",
        /need the module solution/,
      ],
      ["javascript", "assert.equal(f(1), (", /do not compile/],
      ["javascript", "console.log(f(1))", /check nothing/],
      ["javascript", "const chai = require('chai')\nchai.expect(f(1)).to.equal(1)", /need the module chai/],
      ["javascript", "expect(f(1)).toMatchSnapshot()", /toMatchSnapshot/],
      ["javascript", "jest.mock('./x'); expect(f(1)).toBe(1)", /jest\.mock/],
    ] as const) {
      const found = await testsVerdict(fenced(program[language], language), { tests, entry_point: "f" }, { language })
      expect(found, `${tests} ${found.reason}`).toMatchObject({
        verdict: "unverifiable",
        reward: null,
        reason: expect.stringMatching(reason),
      })
    }
  })
})

describe("what is known without running", () => {
  const tests = "assert f(1) == 1"

  test("a completion without code is unparsed", async () => {
    for (const completion of ["", "I cannot do that.", "<think>def f(n): return n", "```sql\nSELECT 1\n```"]) {
      expect(await testsVerdict(completion, { tests })).toMatchObject({ verdict: "unparsed", reward: null })
    }
  })

  test("a reference or options that are wrong say what", () => {
    for (const [reference, options, said] of [
      [null, {}, /expected object/],
      [{}, {}, /reference\.tests/],
      [{ tests: "" }, {}, /reference\.tests/],
      [{ tests: [] }, {}, /reference\.tests/],
      [{ tests, entry_point: "a b" }, {}, /reference\.entry_point/],
      [{ tests: "x".repeat((1 << 20) + 1) }, {}, /reference\.tests/],
      [{ tests }, { language: "cobol" }, /language/],
      [{ tests }, { language: "Python" }, /language/],
      [{ tests }, { timeoutMs: 1 }, /timeoutMs/],
      [{ tests }, { memoryMb: -1 }, /memoryMb/],
      [{ tests }, { timeout: 5 }, /timeout/],
    ] as const)
      expect(codeTests.fault(reference, options)).toMatch(said)
    expect(codeTests.fault({ tests, entry_point: "f", prompt: null })).toBeNull()
  })

  test("an unknown language is named, with those that there are", async () => {
    const found = await testsVerdict("x = 1", { tests }, { language: "rust" })
    expect(found).toMatchObject({ verdict: "unverifiable", reward: null })
    expect(found.reason).toMatch(/^language: .*"python"\|"javascript"/)
  })
})

describe.skipIf(missing !== null || !existsSync(data))(
  `HumanEval (skipped: ${missing ?? `no ${data}; set COTYLEDON_DATA`})`,
  () => {
    interface Task {
      task_id: string
      prompt: string
      entry_point: string
      canonical_solution: string
      test: string
    }
    const tasks: Task[] = existsSync(data)
      ? readFileSync(data, "utf8")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line))
      : []

    const verdicts = async (completion: (task: Task) => string) =>
      (
        await Promise.all(
          tasks.map(async (task) => {
            const { prompt, entry_point, test: tests } = task
            const { verdict, reason } = await testsVerdict(completion(task), { prompt, entry_point, tests })
            return [task.task_id, verdict, reason] as const
          }),
        )
      ).map(([id, verdict, reason]) =>
        verdict === "correct" ? "correct" : verdict === "incorrect" ? "incorrect" : `${id} ${verdict} ${reason}`,
      )

    const all = (verdict: string) => tasks.map(() => verdict)

    test("164 tasks", () => expect(tasks).toHaveLength(164))

    test("their own solutions, as they continue the prompt", { timeout: 120_000 }, async () => {
      expect(await verdicts((task) => task.canonical_solution)).toEqual(all("correct"))
    })

    test("as whole programs in a fence with prose around", { timeout: 120_000 }, async () => {
      expect(
        await verdicts(
          ({ prompt, canonical_solution }) =>
            `Here it is:\n\n\`\`\`python\n${prompt}${canonical_solution}\n\`\`\`\n\nIt runs in linear time.`,
        ),
      ).toEqual(all("correct"))
    })

    test("as a body in a fence that lost its indentation", { timeout: 120_000 }, async () => {
      const dedented = (code: string) => code.replace(/^ {4}/gm, "").trim()
      expect(await verdicts(({ canonical_solution }) => fenced(dedented(canonical_solution)))).toEqual(all("correct"))
    })

    test("a solution that returns nothing, and one whose result is wrapped", { timeout: 120_000 }, async () => {
      expect(await verdicts(() => "    return None\n")).toEqual(all("incorrect"))
      const wrapped = ({ prompt, canonical_solution, entry_point }: Task) =>
        fenced(
          `${prompt}${canonical_solution}\n_right = ${entry_point}\ndef ${entry_point}(*args):\n    return [_right(*args)]`,
        )
      expect(await verdicts(wrapped)).toEqual(all("incorrect"))
    })
  },
)
