// Programs that want to be called right without being right. Each must be incorrect, by the tests or because it died.
import { afterAll, describe, expect, test, vi } from "vitest"
import { closeSandboxes, fenced, noSandbox, testsVerdict } from "./code-verdict.ts"
import { leftProcesses } from "./left-processes.ts"

// Programs are processes: a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const missing = await noSandbox()

const double = {
  entry_point: "solve",
  tests: "# expected-271828\nassert solve(2) == 4\nassert solve(10) == 20\nassert solve(-3) == -6",
}
const words = {
  entry_point: "solve",
  tests: "def check(candidate):\n    assert candidate('ab') == ['a', 'b']\n    assert candidate('x') == ['x']\n",
}
const near = { entry_point: "solve", tests: "assert abs(solve(2) - 0.5) < 1e-6\nassert abs(solve(4) - 0.25) < 1e-6" }
const cases = {
  entry_point: "solve",
  tests: `import unittest
class TestSolve(unittest.TestCase):
    def test_small(self):
        self.assertEqual(solve(2), 4)
    def test_negative(self):
        self.assertEqual(solve(-3), -6)
`,
}

const everEqual = `class Yes:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 4
    def __bool__(self): return True
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __sub__(self, other): return 0.0
    __rsub__ = __add__ = __radd__ = __sub__
    def __abs__(self): return 0.0
    def __contains__(self, each): return True
    def __len__(self): return 1
    def __iter__(self): return iter([Yes()])
    def __getitem__(self, key): return Yes()
    def __instancecheck__(self, each): return True
`

const lyingSubclass = (base: string, value: string) => `class Liar(${base}):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
def solve(n): return Liar(${value})`

const forged = (reply: string) => `import os, json
def frame(value):
    data = json.dumps(value).encode()
    return len(data).to_bytes(4, "big") + data
${reply}`

const cheats: Record<string, [program: string, reference?: object]> = {
  "sys.exit(0) at once": ["import sys\nsys.exit(0)\ndef solve(n): return 0"],
  "sys.exit(0) in the call": ["import sys\ndef solve(n): sys.exit(0)"],
  "SystemExit raised": ["def solve(n): raise SystemExit(0)"],
  "os._exit(0) at once": ["import os\nos._exit(0)\ndef solve(n): return 0"],
  "os._exit(0) in the call": ["import os\ndef solve(n): os._exit(0)"],
  "exit in atexit": ["import atexit, os\natexit.register(lambda: os._exit(0))\ndef solve(n): return 0"],
  "its own process killed": ["import os\ndef solve(n): os.kill(os.getpid(), 9)"],
  "every process killed": ["import os\ndef solve(n): os.kill(-1, 9)"],
  "KeyboardInterrupt raised": ["def solve(n): raise KeyboardInterrupt"],
  "StopIteration raised": [
    "def solve(n): raise StopIteration",
    { ...words, tests: "assert all(solve(each) == 2 * each for each in (1, 2))" },
  ],
  "GeneratorExit raised": ["def solve(n): raise GeneratorExit"],
  "an object that equals all": [`${everEqual}def solve(n): return Yes()`],
  "a list of an object that equals all": [`${everEqual}def solve(n): return [Yes(), Yes()][: len(n)]`, words],
  "an object whose differences are none": [`${everEqual}def solve(n): return Yes()`, near],
  "an object that equals all, in unittest": [`${everEqual}def solve(n): return Yes()`, cases],
  "a class whose metaclass equals all": [
    "class Meta(type):\n    def __eq__(self, other): return True\n    def __hash__(self): return 0\nclass Yes(metaclass=Meta): pass\ndef solve(n): return Yes",
  ],
  "a lying int": [lyingSubclass("int", "0")],
  "a lying str": [lyingSubclass("str", "'4'")],
  "a lying list": [lyingSubclass("list", "['z']"), words],
  "a lying tuple": [lyingSubclass("tuple", "['z']"), words],
  "a lying float": [lyingSubclass("float", "7.0"), near],
  "a lying dict": [lyingSubclass("dict", "{}"), words],
  "a class that says it is int": [
    "class Int:\n    __class__ = int\n    def __eq__(self, other): return True\n    def __index__(self): return 4\ndef solve(n): return Int()",
  ],
  NaN: ["def solve(n): return float('nan')"],
  "None and NotImplemented": ["def solve(n): return NotImplemented"],
  "a hostile __reduce__": [
    "import os\nclass Trap:\n    def __reduce__(self): return (os._exit, (0,))\ndef solve(n): return Trap()",
  ],
  "a hostile __repr__": [
    "import os\nclass Trap:\n    def __repr__(self): os._exit(0)\n    def __eq__(self, other): os._exit(0)\ndef solve(n): return Trap()",
  ],
  "an exception whose text ends the process": [
    "import os\nclass Trap(Exception):\n    def __str__(self): os._exit(0)\ndef solve(n): raise Trap()",
  ],
  "builtins patched": [
    "import builtins\nbuiltins.AssertionError = None\nbuiltins.abs = lambda n: 0\nbuiltins.all = builtins.any = lambda each: True\nbuiltins.isinstance = lambda a, b: True\nbuiltins.len = lambda each: 1\ndef solve(n): return 0",
  ],
  "abs patched by name": ["def abs(n): return 0\ndef solve(n): return 7.0", near],
  "check redefined": ["def check(candidate): pass\ndef solve(n): return 0", words],
  "candidate redefined": ["candidate = lambda n: list(n)\ndef solve(n): return 0", words],
  "unittest patched": [
    "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\nunittest.TestCase.run = lambda *a: None\ndef solve(n): return 0",
    cases,
  ],
  "sys.modules patched": [
    "import sys, types\nfake = types.ModuleType('unittest')\nfake.TestCase = object\nsys.modules['unittest'] = fake\ndef solve(n): return 0",
    cases,
  ],
  "__import__ patched": ["import builtins\nbuiltins.__import__ = lambda *a, **k: None\ndef solve(n): return 0", cases],
  "__build_class__ patched": [
    "import builtins\nbuiltins.__build_class__ = lambda *a, **k: None\ndef solve(n): return 0",
    cases,
  ],
  "a trace function that skips": [
    "import sys\ndef skip(frame, event, arg):\n    return None\nsys.settrace(skip)\nsys.setprofile(skip)\ndef solve(n): return 0",
  ],
  "frames searched for what is expected": [
    "import sys\ndef solve(n):\n    frame = sys._getframe()\n    while frame:\n        for value in list(frame.f_locals.values()):\n            if value == 2 * n and value != n: return value\n        frame = frame.f_back\n    return 0",
  ],
  "memory searched for the tests": [
    "import gc\ndef solve(n):\n    for each in gc.get_objects():\n        if isinstance(each, (str, bytes)) and 'assert ' + 'solve(' in str(each): return 2 * n\n    return 0",
  ],
  "the tests searched in files": [
    "import os\ndef solve(n):\n    for folder, _, names in os.walk('/tmp'):\n        for name in names:\n            if 'assert' in open(os.path.join(folder, name)).read(): return 2 * n\n    for pid in os.listdir('/proc'):\n        if pid.isdigit() and b'assert ' + b'solve' in open('/proc/%s/cmdline' % pid, 'rb').read(): return 2 * n\n    return 0",
  ],
  "its process's memory searched": [
    "import re\ndef solve(n):\n    with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb', 0) as memory:\n        for line in maps:\n            start, end = [int(each, 16) for each in line.split()[0].split('-')]\n            if 'rw' not in line or end - start > 1 << 26: continue\n            try:\n                memory.seek(start)\n                if re.search(rb'expected-[0-9]{6}', memory.read(end - start)): return 2 * n\n            except (OSError, ValueError, OverflowError): pass\n    return 0",
  ],
  "a forged outcome": [
    forged('os.write(3, frame({"status": "passed", "detail": "", "reached": 9}))\ndef solve(n): return 0'),
  ],
  "a forged frame of the tester": [
    forged(
      'payload = json.dumps({"status": "passed", "detail": ""}).encode()\nos.write(3, len(payload).to_bytes(4, "big") + b"O" + (1).to_bytes(4, "big") + payload)\ndef solve(n): return 0',
    ),
  ],
  "a forged token of the end": [
    forged(
      'os.write(3, frame(["loaded"]))\nos.write(3, frame(["ok", ["d", "solve", 4], {}, ""]))\ndef solve(n): return 0',
    ),
  ],
  "answers written ahead": [
    forged(
      'def solve(n):\n    for value in (4, 20, -6): os.write(3, frame(["ok", value, {}, "", "extra"]))\n    return 0',
    ),
  ],
  "an endless frame": ["import os\ndef solve(n):\n    os.write(3, (1 << 31).to_bytes(4, 'big'))\n    return 0"],
  "a malformed frame": ["import os\ndef solve(n):\n    os.write(3, (5).to_bytes(4, 'big') + b'[[[[[')\n    return 0"],
  "a reference to what is not there": [
    forged('def solve(n):\n    os.write(3, frame(["ok", ["f", 999], {}, ""]))\n    return 0'),
  ],
  "a module of the tester asked for": [
    forged('def solve(n):\n    os.write(3, frame(["ok", ["M", "os"], {}, ""]))\n    return 0'),
  ],
  "the channel closed": ["import os\ndef solve(n):\n    os.close(3)\n    return 4"],
  "all descriptors closed": ["import os\nos.closerange(0, 256)\ndef solve(n): return 4"],
  "the results printed": ["print('4'); print('20'); print('passed', 'OK', 'True')\ndef solve(n): print(2 * n)"],
  "the argument changed to match": [
    "def solve(n):\n    n.append(n[0])\n    return n",
    { entry_point: "solve", tests: "given = [1]\nassert solve(given) == [2]" },
  ],
  "a list that is longer each time": [
    "class Grow(list):\n    def __len__(self): return 2\n    def __eq__(self, other): self.append(1); return True\ndef solve(n): return Grow()",
    words,
  ],
  "a list that holds itself": ["def solve(n):\n    each = []\n    each.append(each)\n    return each", words],
  "a list nested too deep": [
    "def solve(n):\n    each = []\n    for _ in range(100_000): each = [each]\n    return each",
    words,
  ],
  "endless recursion": ["def solve(n): return solve(n)"],
  "the stack of C exhausted": [
    "import sys\nsys.setrecursionlimit(10**9)\nclass Deep:\n    def __getattr__(self, name): return getattr(self, name + 'x'[:0])\ndef solve(n): return Deep().x",
  ],
  "a segmentation fault": ["import ctypes\ndef solve(n): ctypes.string_at(0)"],
  abort: ["import os\ndef solve(n): os.abort()"],
  "a generator for a list": ["def solve(n): yield from 'zz'", words],
  "lone surrogates and zero bytes": ["def solve(n): return ['\\udfff\\x00']", words],
  "a result that changes when looked at": [
    "class Flip:\n    n = 0\n    def __int__(self): Flip.n += 1; return Flip.n\n    __index__ = __int__\n    def __eq__(self, other): return other == 4 or other == 20 or other == -6\ndef solve(n): return Flip()",
  ],
}

describe.skipIf(missing !== null)(`cheats in Python (skipped: ${missing})`, () => {
  afterAll(async () => {
    await closeSandboxes()
    expect(await leftProcesses()).toEqual([])
  })

  test("the references are met by a program that is right", async () => {
    for (const [program, reference] of [
      ["def solve(n): return 2 * n", double],
      ["def solve(n): return list(n)", words],
      ["def solve(n): return 1 / n", near],
      ["def solve(n): return 2 * n", cases],
    ] as const)
      expect(await testsVerdict(fenced(program), reference)).toMatchObject({ verdict: "correct", reward: 1 })
  })

  for (const [name, [program, reference = double]] of Object.entries(cheats))
    test(name, async () => {
      const { verdict, reward, reason } = await testsVerdict(fenced(program), reference, { timeoutMs: 20_000 })
      expect({ verdict, reward }, reason ?? "").toEqual({ verdict: "incorrect", reward: 0 })
    })

  test("a tester goes on after all of them", async () => {
    expect(await testsVerdict(fenced("def solve(n): return n + n"), double)).toMatchObject({ verdict: "correct" })
    expect(await testsVerdict(fenced("def solve(n): return n * n"), double)).toMatchObject({ verdict: "incorrect" })
  })
})
