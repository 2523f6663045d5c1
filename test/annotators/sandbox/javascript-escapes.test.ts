// Programs in JavaScript that reach for what lies outside, and what they use up.
import { existsSync } from "node:fs"
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { createServer, type Server } from "node:net"
import { homedir, tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { runTestsInQuickJs } from "../../../annotators/sandbox/javascript/quickjs.ts"
import { closeSandboxes, fenced, noSandbox, stdioVerdict, testsVerdict } from "./code-verdict.ts"
import { leftProcesses } from "./left-processes.ts"

// Programs are processes: a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const missing = await noSandbox()

/** Calls that throw or fail when they are refused. */
const tries = (
  body: string,
) => `const fs = require("fs"), os = require("os"), net = require("net"), { execFileSync, spawnSync } = require("child_process")
async function attack(place) {
  try {
    ${body}
  } catch {
    return "refused"
  }
  return "reached"
}`
const connects = (to: string) =>
  tries(`await new Promise((resolve, reject) => net.connect(${to}).on("connect", resolve).on("error", reject))`)

const escapes: Record<string, string> = {
  "/etc/passwd read": tries(`fs.readFileSync("/etc/passwd")`),
  "/etc/shadow through a symbolic link": tries(
    `fs.symlinkSync("/etc/shadow", "/tmp/link"); fs.readFileSync("/tmp/link")`,
  ),
  "the home of the user": tries(`if (fs.existsSync(place.home) === false) throw 0; fs.readdirSync(place.home)`),
  "a file outside, by name": tries(`fs.readFileSync(place.secret)`),
  "the environment": `async function attack() { const allowed = ["HOME", "LANG", "PATH", "PYTHONHASHSEED", "PWD"]; const found = Object.keys(process.env).filter((name) => !allowed.includes(name)); return found.length === 0 ? "refused" : found.join() }`,
  "the environment of the first process": tries(`if (fs.readFileSync("/proc/1/environ").length === 0) throw 0`),
  "the folder that the verifier runs in": tries(`fs.readFileSync(place.cwd + "/package.json")`),
  "the verifier's own packages": tries(`require(place.cwd + "/node_modules/zod")`),
  "other processes": `const fs = require("fs"); async function attack(place) { return fs.existsSync("/proc/" + place.pid) || fs.readdirSync("/proc").filter((name) => Number(name) > 200).length > 0 ? "reached" : "refused" }`,
  "TCP to this machine": connects(`place.tcp, "127.0.0.1"`),
  "TCP to the world": connects(`53, "1.1.1.1"`),
  "a local socket": connects(`place.local`),
  "an abstract socket": connects(`"\\0" + place.abstract`),
  fetch: tries(`await fetch("http://127.0.0.1:" + place.tcp)`),
  "a name looked up": tries(`await require("dns").promises.lookup("example.com")`),
  "UDP to the world": tries(
    `await new Promise((resolve, reject) => require("dgram").createSocket("udp4").send("x", 53, "8.8.8.8", (error) => error ? reject(error) : resolve()))`,
  ),
  "a file written into /usr": tries(`fs.writeFileSync("/usr/evil", "x")`),
  "a file written into the root": tries(`fs.writeFileSync("/evil", "x")`),
  "the program of Node changed": tries(`fs.writeFileSync(process.execPath, "x")`),
  "/tmp filled": tries(`for (let at = 0; at < 100; at++) fs.writeFileSync("/tmp/" + at, Buffer.alloc(1 << 20))`),
  "a kill of the one who started it": tries(`process.kill(place.pid, "SIGKILL")`),
  "root's id": tries(`process.setuid(0); fs.readFileSync("/etc/shadow")`),
  "a mount by a child": tries(`execFileSync("mount", ["-t", "tmpfs", "x", "/tmp"], { stdio: "ignore" })`),
  "a namespace by a child": tries(`execFileSync("unshare", ["-U", "true"], { stdio: "ignore" })`),
  "more rights in the first process": `async function attack() { const status = require("fs").readFileSync("/proc/1/status", "utf8"); return /CapBnd:\\t0+\\n/.test(status) && /NoNewPrivs:\\t1/.test(status) && /Seccomp:\\t2/.test(status) ? "refused" : status }`,
  "an inspector that others reach": tries(
    `require("inspector").open(9229, "0.0.0.0"); await new Promise((resolve) => setTimeout(resolve, 50)); if (!fs.existsSync("/proc/1/root/etc/passwd")) throw 0`,
  ),
  capabilities: `async function attack() { const status = require("fs").readFileSync("/proc/self/status", "utf8"); return /CapEff:\\t0+\\n/.test(status) && /CapBnd:\\t0+\\n/.test(status) && /NoNewPrivs:\\t1/.test(status) && /Seccomp:\\t2/.test(status) ? "refused" : status }`,
  "an addon": tries(`process.dlopen({ exports: {} }, "/tmp/none.node")`),
  "a worker thread": tries(
    `await new Promise((resolve, reject) => new (require("worker_threads").Worker)("require('fs').readFileSync('/etc/passwd')", { eval: true }).on("error", reject).on("exit", resolve))`,
  ),
}

describe.skipIf(missing !== null)(`escapes in JavaScript (skipped: ${missing})`, () => {
  let folder: string
  let servers: Server[] = []
  let connections = 0
  const place: Record<string, string | number> = {}

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cotyledon-outside-"))
    await writeFile(join(folder, "secret"), "secret")
    place.abstract = `cotyledon-js-${process.pid}`
    servers = await Promise.all(
      [
        { port: 0, host: "127.0.0.1" },
        { path: join(folder, "socket"), writableAll: true },
        { path: `\0${place.abstract}` },
      ].map(
        (at) =>
          new Promise<Server>((resolve) => {
            const server = createServer(() => void connections++)
            server.listen(at, () => resolve(server))
          }),
      ),
    )
    const { port } = servers[0]!.address() as { port: number }
    const secret = join(folder, "secret")
    Object.assign(place, {
      tcp: port,
      local: join(folder, "socket"),
      home: homedir(),
      secret,
      pid: process.pid,
      cwd: process.cwd(),
    })
  })

  afterAll(async () => {
    for (const server of servers) server.close()
    await closeSandboxes()
    expect(await leftProcesses()).toEqual([])
    expect(connections).toBe(0)
    // A server takes its socket away when it closes.
    expect((await readdir(folder)).filter((name) => name !== "socket")).toEqual(["secret"])
    await rm(folder, { recursive: true })
    for (const path of ["/usr/evil", "/evil"]) expect(existsSync(path), path).toBe(false)
  })

  const options = { language: "javascript", timeoutMs: 20_000 }
  const reference = () => ({
    entry_point: "attack",
    tests: `assert.strictEqual(await attack(${JSON.stringify(place)}), "refused")`,
  })

  test("an attack that reaches what it wants is noticed", async () => {
    const { verdict } = await testsVerdict(fenced(tries(`fs.readFileSync("/usr/bin/env")`), "js"), reference(), options)
    expect(verdict).toBe("incorrect")
  })

  for (const [name, program] of Object.entries(escapes))
    test(name, async () => {
      const { verdict, reason } = await testsVerdict(fenced(program, "js"), reference(), options)
      expect(verdict, reason ?? "").toBe("correct")
    })

  test("the sandbox of programs with standard streams is as closed", async () => {
    for (const name of ["/etc/passwd read", "TCP to this machine", "an abstract socket", "capabilities"]) {
      const program = `${escapes[name]}\nattack(JSON.parse(require("fs").readFileSync(0, "utf8"))).then(console.log)`
      const given = { inputs: [JSON.stringify(place)], outputs: ["refused"] }
      const { verdict, reason } = await stdioVerdict(fenced(program, "js"), given, options)
      expect(verdict, `${name} ${reason}`).toBe("correct")
    }
  })
})

describe.skipIf(missing !== null)(`what a program uses up, in JavaScript (skipped: ${missing})`, () => {
  afterAll(async () => {
    await closeSandboxes()
    expect(await leftProcesses()).toEqual([])
  })
  const right = { entry_point: "solve", tests: "assert.strictEqual(solve(2), 4)" }

  const wasteful: Record<string, [program: string, verdict: string, reason?: RegExp]> = {
    "a fork bomb": [
      "const { spawn } = require('child_process')\nfunction solve(n) { for (let at = 0; at < 500; at++) try { spawn('sleep', ['600'], { detached: true }).on('error', () => {}) } catch {}\nreturn 2 * n }",
      "correct",
    ],
    "a fork bomb of shells": [
      "function solve() { require('child_process').spawnSync('sh', ['-c', 'f() { f | f & }; f; sleep 600']) }",
      "incorrect",
    ],
    "memory in the heap": [
      "function solve() { const held = []; for (;;) held.push(new Array(1e6).fill(held.length)) }",
      "incorrect",
    ],
    "memory in buffers": [
      "function solve() { const held = []; for (;;) held.push(Buffer.alloc(16 << 20, 1)) }",
      "incorrect",
      /memory|died|ended/,
    ],
    "memory of WebAssembly": [
      "function solve() { const held = []; for (;;) { const memory = new WebAssembly.Memory({ initial: 1024 }); new Uint8Array(memory.buffer).fill(1); held.push(memory) } }",
      "incorrect",
    ],
    "memory of workers": [
      "const { Worker } = require('worker_threads')\nfunction solve() { for (let at = 0; at < 8; at++) new Worker('const held = []; for (;;) held.push(Buffer.alloc(8 << 20, 1))', { eval: true }); const until = Date.now() + 60000; while (Date.now() < until); }",
      "incorrect",
    ],
    "memory of children": [
      "function solve() { const { spawn } = require('child_process'); for (let at = 0; at < 3; at++) spawn(process.execPath, ['-e', 'const held = []; for (let at = 0; at < 16; at++) held.push(Buffer.alloc(16 << 20, 1)); setTimeout(() => {}, 60000)'], { detached: true }); require('child_process').spawnSync('sleep', ['60']) }",
      "incorrect",
      /^memory: over 512 MB/,
    ],
    "a huge text": ["function solve() { return 'x'.repeat(500_000_000) }", "incorrect"],
    "a loop": ["function solve() { for (;;); }", "incorrect", /^timeout/],
    "a loop while it is loaded": ["for (;;);\nfunction solve() {}", "incorrect", /^timeout/],
    "a loop of promises": [
      "async function forever() { for (;;) await null }\nfunction solve(n) { forever(); return 2 * n }",
      "correct",
    ],
    "a loop in a regular expression": [
      "function solve() { return /^(a+)+$/.test('a'.repeat(60) + 'b') }",
      "incorrect",
      /^timeout/,
    ],
    "Atomics.wait": [
      "function solve() { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) }",
      "incorrect",
      /^timeout/,
    ],
    "signals ignored": [
      "for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGXCPU', 'SIGALRM']) process.on(name, () => {})\nfunction solve() { for (;;); }",
      "incorrect",
      /^timeout/,
    ],
    "a timer that never ends": ["setInterval(() => {}, 1000)\nfunction solve(n) { return 2 * n }", "correct"],
    "a daemon left behind": [
      "function solve(n) { require('child_process').spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }).unref(); return 2 * n }",
      "correct",
    ],
    "output without end": [
      "function solve(n) { for (let at = 0; at < 3000; at++) console.log('x'.repeat(10_000)); return 2 * n }",
      "correct",
    ],
  }
  for (const [name, [program, verdict, said = /./]] of Object.entries(wasteful))
    test(name, async () => {
      // Only what must be ended by the clock waits for it, on however busy a machine.
      const timeoutMs = said.source.includes("timeout") || verdict === "incorrect" ? 4_000 : 20_000
      const options = {
        language: "javascript",
        timeoutMs: said.source.includes("memory") ? 20_000 : timeoutMs,
        memoryMb: 512,
      }
      const found = await testsVerdict(fenced(program, "js"), right, options)
      expect(found.verdict, found.reason ?? "").toBe(verdict)
      if (verdict === "incorrect") expect(found.reason).toMatch(said)
    })

  const floods: Record<string, [program: string, reason: RegExp]> = {
    "standard output": [
      "const fs = require('fs'); for (;;) fs.writeSync(1, 'x'.repeat(10_000))",
      /flood: too much on standard output/,
    ],
    "standard error": [
      "const fs = require('fs'); for (;;) fs.writeSync(2, 'x'.repeat(10_000))",
      /flood: too much on standard error/,
    ],
    "output of a child": ["require('child_process').spawnSync('yes', [], { stdio: 'inherit' })", /flood/],
    "a wait for ever": ["setInterval(() => {}, 1000)", /timeout/],
    "an exit code": ["console.log(4); process.exitCode = 3", /exit code 3/],
    "an exception nobody catches": ["console.log(4); Promise.reject(new TypeError('late'))", /TypeError: late/],
    "every process killed": ["process.kill(-1, 'SIGKILL')", /./],
  }
  for (const [name, [program, said]] of Object.entries(floods))
    test(`with standard streams: ${name}`, async () => {
      const options = {
        language: "javascript",
        timeoutMs: said.source.includes("timeout") ? 2_000 : 20_000,
        memoryMb: 512,
      }
      const found = await stdioVerdict(fenced(program, "js"), { inputs: ["2\n"], outputs: ["4"] }, options)
      expect(found.verdict, found.reason ?? "").toBe("incorrect")
      expect(found.reason).toMatch(said)
    })
})

describe("what a program uses up, in QuickJS", () => {
  const wasteful: Record<string, [program: string, statuses: string[]]> = {
    "a loop": ["function solve() { for (;;); }", ["timeout"]],
    "a loop while it is loaded": ["for (;;);", ["timeout"]],
    "a loop that catches": ["function solve() { for (;;) try { for (;;); } catch {} }", ["timeout"]],
    "a loop in a regular expression": ["function solve() { return /^(a+)+$/.test('a'.repeat(60) + 'b') }", ["timeout"]],
    memory: [
      "function solve() { const held = []; for (;;) held.push(new Array(1e5).fill(held.length)) }",
      ["memory", "timeout"],
    ],
    "a huge text": [
      "function solve() { let text = 'x'; for (;;) text += text }",
      ["memory", "timeout", "failed", "unsupported"],
    ],
    "endless recursion": ["function solve(n) { return solve(n + 1) }", ["unsupported"]],
    "jobs without end": [
      "async function forever() { for (;;) await null }\nforever()\nfunction solve() { return 0 }",
      ["failed", "timeout"],
    ],
  }
  for (const [name, [program, statuses]] of Object.entries(wasteful))
    test(name, async () => {
      const job = {
        alternatives: [[program]],
        tests: ["assert.strictEqual(solve(2), 4)"],
        entryPoint: "solve",
        prompt: null,
      }
      const { status, detail } = await runTestsInQuickJs(
        job,
        { timeoutMs: 1_000, memoryBytes: 128 << 20 },
        { signal: new AbortController().signal },
      )
      expect(statuses, `${status} ${detail}`).toContain(status)
    })

  test("nothing of the machine is there", async () => {
    const program = `function solve() { return ["process", "require", "fetch", "WebAssembly", "Deno", "std", "os", "Worker"].filter((name) => { try { return name === "require" ? Boolean(require("fs")) : globalThis[name] !== undefined } catch { return false } }) }`
    const job = {
      alternatives: [[program]],
      tests: ["assert.deepStrictEqual(solve(), [])"],
      entryPoint: "solve",
      prompt: null,
    }
    const found = await runTestsInQuickJs(
      job,
      { timeoutMs: 1_000, memoryBytes: 128 << 20 },
      { signal: new AbortController().signal },
    )
    expect(found).toMatchObject({ status: "passed" })
  })
})
