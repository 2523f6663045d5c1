// Programs that reach for what lies outside. Each says what it reached; every one must have been refused, and nothing of it may be left.
import { createSocket } from "node:dgram"
import { existsSync } from "node:fs"
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { createServer, type Server } from "node:net"
import { homedir, tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { closeSandboxes, fenced, noSandbox, stdioVerdict, testsVerdict } from "./code-verdict.ts"
import { leftProcesses, sandboxProcesses } from "./left-processes.ts"

// Programs are processes: a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const missing = await noSandbox()

/** Programs that use the C library for what Python has no call for. */
const syscall = (number: string, args: string) => `import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
numbers = {"x86_64": ${number.split("|")[0]}, "aarch64": ${number.split("|")[1]}}
def attack(place):
    result = libc.syscall(numbers[platform.machine()], ${args})
    return "refused" if result == -1 and ctypes.get_errno() in (1, 38) else "reached %d %d" % (result, ctypes.get_errno())`

const tries = (lines: string, imports = "import os") => `${imports}
def attack(place):
    try:
${lines.replace(/^/gm, "        ")}
    except OSError:
        return "refused"
    return "reached"`

let folder: string
let tcp: Server
let local: Server
let abstract: Server
let udp: ReturnType<typeof createSocket>
let connections = 0
const place: Record<string, string | number> = {}

const escapes: Record<string, string> = {
  "/etc/passwd read": tries("open('/etc/passwd').read()"),
  "/etc/shadow through a symbolic link": tries("os.symlink('/etc/shadow', '/tmp/link')\nopen('/tmp/link').read()"),
  "a hard link to what is outside": tries("os.link('/usr/bin/env', '/tmp/env')"),
  "the home of the user": tries("os.listdir(place['home'])"),
  "a folder beside it, by name": tries("open(place['secret']).read()"),
  "a path upward": tries("open('../' * 20 + place['secret'][1:]).read()"),
  "the environment": `import os\ndef attack(place):\n    allowed = {"HOME", "LANG", "LC_CTYPE", "PATH", "PYTHONHASHSEED", "PWD"}\n    return "refused" if set(os.environ) <= allowed else "reached %s" % sorted(os.environ)`,
  "the environment of the first process": `def attack(place):\n    try:\n        return "reached" if open("/proc/1/environ", "rb").read() else "refused"\n    except OSError:\n        return "refused"`,
  "more rights in the first process": `def attack(place):
    status = dict(line.rstrip().partition(":\\t")[::2] for line in open("/proc/1/status"))
    return "refused" if int(status["CapBnd"], 16) == 0 and status["NoNewPrivs"] == "1" and status["Seccomp"] == "2" else "reached"`,
  "other processes": `import os\ndef attack(place):\n    pids = [int(each) for each in os.listdir("/proc") if each.isdigit()]\n    return "refused" if max(pids) < 20 and place["pid"] not in pids else "reached %s" % pids`,
  "a descriptor beside its own": `import os\ndef attack(place):\n    found = []\n    for fd in range(4, 1024):\n        try:\n            found.append(os.readlink("/proc/self/fd/%d" % fd))\n        except OSError: pass\n    return "refused" if set(found) <= {"/dev/null"} else "reached %s" % found`,
  "descriptors of the first process": tries("os.open('/proc/1/fd/3', os.O_RDWR)"),
  "root of the first process": tries("os.listdir('/proc/1/root/etc')\nopen('/proc/1/root/etc/passwd')"),
  "TCP to this machine": tries("socket.create_connection(('127.0.0.1', place['tcp']), 2)", "import socket"),
  "TCP to the world": tries("socket.create_connection(('1.1.1.1', 53), 2)", "import socket"),
  "TCP by IPv6": tries("socket.create_connection(('::1', place['tcp']), 2)", "import socket"),
  "UDP to the world": tries(
    "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('8.8.8.8', 53))",
    "import socket",
  ),
  "a name looked up": tries("socket.getaddrinfo('example.com', 80)", "import socket"),
  "a local socket": tries("socket.socket(socket.AF_UNIX).connect(place['local'])", "import socket"),
  "an abstract socket": tries("socket.socket(socket.AF_UNIX).connect('\\0' + place['abstract'])", "import socket"),
  "a raw socket": tries("socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)", "import socket"),
  "a packet socket": tries("socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", "import socket"),
  "a netlink socket": tries("socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)", "import socket"),
  "a socket to the host of a virtual machine": tries(
    "socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)",
    "import socket",
  ),
  "a file written into /usr": tries("open('/usr/bin/evil', 'w')"),
  "a file written into the root": tries("open('/evil', 'w')"),
  "a file written into /dev": tries("open('/dev/evil', 'w')"),
  "a file written into /proc/sys": tries("os.write(os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY), b'|/tmp/x')"),
  sysrq: tries("open('/proc/sysrq-trigger', 'w').write('b')"),
  "oom_score_adj lowered": tries("os.write(os.open('/proc/self/oom_score_adj', os.O_WRONLY), b'-1000')"),
  "the terminal": tries("os.open('/dev/tty', os.O_RDWR)"),
  "a disk's device": tries("os.mknod('/tmp/disk', 0o60600, os.makedev(8, 0))"),
  "/dev/mem": tries("open('/dev/mem', 'rb')"),
  "/tmp filled": `import os\ndef attack(place):\n    total = 0\n    try:\n        for number in range(40):\n            with open("/tmp/%d" % number, "wb") as file:\n                for _ in range(10):\n                    file.write(bytes(1 << 20))\n                    total += 1\n    except OSError:\n        return "refused" if total <= 64 else "reached %d MB" % total\n    return "reached"`,
  "/dev/shm filled": tries("for number in range(64):\n    open('/dev/shm/%d' % number, 'wb').write(bytes(1 << 20))"),
  "inodes without end": `import os\ndef attack(place):\n    try:\n        for number in range(400_000):\n            os.close(os.open("/tmp/f%d" % number, os.O_CREAT))\n    except OSError:\n        pass\n    return "refused"`,
  "a kill of the one who started it": tries("os.kill(place['pid'], 9)"),
  "a kill of the first process": `import os\ndef attack(place):\n    try:\n        os.kill(1, 9)\n    except OSError: pass\n    return "refused"`,
  "root's id": tries("os.setuid(0)\nif os.path.exists('/etc/shadow'): raise SystemError"),
  "another's id": tries("os.setresuid(1, 1, 1)"),
  "a limit raised": `import resource\ndef attack(place):\n    for name in ("AS", "CPU", "NPROC", "FSIZE", "NOFILE"):\n        number = getattr(resource, "RLIMIT_" + name)\n        soft, hard = resource.getrlimit(number)\n        try:\n            resource.setrlimit(number, (hard + 1, hard + 1))\n            return "reached " + name\n        except (ValueError, OSError): pass\n    return "refused"`,
  capabilities: `def attack(place):\n    status = dict(line.rstrip().partition(":\\t")[::2] for line in open("/proc/self/status"))\n    held = [name for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb") if int(status[name], 16)]\n    return "refused" if not held and status["NoNewPrivs"] == "1" and status["Seccomp"] == "2" else "reached %s %s" % (held, status)`,
  "a program that gives rights": `import subprocess\ndef attack(place):\n    done = subprocess.run(["sh", "-c", "su -c 'cat /etc/shadow' root </dev/null; mount -t tmpfs x /tmp"], capture_output=True)\n    return "refused" if done.returncode != 0 else "reached %s" % done.stdout`,
  chroot: tries("os.chroot('/tmp')"),
  "a mount": syscall("165|40", "b'none', b'/tmp', b'tmpfs', 0, None"),
  "a new mount interface": syscall("430|430", "b'tmpfs', 0"),
  "unshare of a user namespace": syscall("272|97", "0x10000000"),
  "unshare of a network": syscall("272|97", "0x40000000"),
  "clone into a user namespace": syscall("56|220", "0x10000000 | 17, 0, 0, 0, 0"),
  clone3: syscall("435|435", "0, 0"),
  ptrace: syscall("101|117", "0, 0, 0, 0"),
  "a key of the kernel": syscall("250|219", "0, -3, 0"),
  bpf: syscall("321|280", "0, 0, 0"),
  io_uring: syscall("425|425", "4, 0"),
  perf_event_open: syscall("298|241", "0, 0, -1, -1, 0"),
  userfaultfd: syscall("323|282", "0"),
  process_vm_readv: syscall("310|270", "1, 0, 0, 0, 0, 0"),
  memfd_create: syscall("319|279", "b'x', 0"),
  "shared memory of System V": syscall("29|194", "0, 1 << 20, 0o1600"),
  setns: syscall("308|268", "0, 0"),
  personality: syscall("135|92", "0x0040000"),
  kexec: syscall("246|104", "0, 0, 0, 0"),
  "a call of the 32-bit table": `import ctypes, platform\ndef attack(place):\n    if platform.machine() != "x86_64": return "refused"\n    libc = ctypes.CDLL(None, use_errno=True)\n    return "refused" if libc.syscall(0x40000000 + 101, 0, 0, 0, 0) == -1 else "reached"`,
}

describe.skipIf(missing !== null)(`escapes in Python (skipped: ${missing})`, () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cotyledon-outside-"))
    const count = () => void connections++
    const listening = (server: Server, at: object) =>
      new Promise<void>((resolve) => server.on("connection", count).listen(at, resolve))
    tcp = createServer()
    local = createServer()
    abstract = createServer()
    await listening(tcp, { port: 0, host: "127.0.0.1" })
    await listening(local, { path: join(folder, "socket"), readableAll: true, writableAll: true })
    place.abstract = `cotyledon-${process.pid}`
    await listening(abstract, { path: `\0${place.abstract}` })
    udp = createSocket("udp4")
    await writeFile(join(folder, "secret"), "secret")
    Object.assign(place, {
      tcp: (tcp.address() as { port: number }).port,
      local: join(folder, "socket"),
      home: homedir(),
      secret: join(folder, "secret"),
      pid: process.pid,
    })
  })

  afterAll(async () => {
    for (const server of [tcp, local, abstract]) server?.close()
    udp?.close()
    await closeSandboxes()
    expect(await leftProcesses()).toEqual([])
    expect(connections).toBe(0)
    // A server takes its socket away when it closes.
    expect((await readdir(folder)).filter((name) => name !== "socket")).toEqual(["secret"])
    await rm(folder, { recursive: true })
    for (const path of ["/usr/bin/evil", "/evil", "/dev/evil", "/tmp/link", "/tmp/disk"])
      expect(existsSync(path), path).toBe(false)
  })

  const reference = () => ({
    entry_point: "attack",
    tests: `assert attack(${JSON.stringify(place)}) == "refused"`,
  })

  test("an attack that reaches what it wants is noticed", async () => {
    const { verdict, reason } = await testsVerdict(fenced(tries("open('/usr/bin/env', 'rb')")), reference())
    expect([verdict, reason]).toEqual(["incorrect", expect.stringContaining("AssertionError")])
  })

  for (const [name, program] of Object.entries(escapes))
    test(name, async () => {
      const { verdict, reason } = await testsVerdict(fenced(program), reference())
      expect(verdict, reason ?? "").toBe("correct")
    })

  test("the sandbox of programs with standard streams is as closed", async () => {
    for (const name of [
      "/etc/passwd read",
      "TCP to this machine",
      "other processes",
      "an abstract socket",
      "capabilities",
      "a mount",
    ]) {
      const program = `${escapes[name]}\nimport json\nprint(attack(json.loads(input())))`
      const given = { inputs: [JSON.stringify(place)], outputs: ["refused"] }
      const { verdict, reason } = await stdioVerdict(fenced(program), given)
      expect(verdict, `${name} ${reason}`).toBe("correct")
    }
  })
})

describe.skipIf(missing !== null)(`what a program uses up, in Python (skipped: ${missing})`, () => {
  afterAll(async () => {
    await closeSandboxes()
    expect(await leftProcesses()).toEqual([])
  })

  const right = { entry_point: "solve", tests: "assert solve(2) == 4" }
  const hold = "b = bytearray(48 << 20)\nfor at in range(0, len(b), 4096): b[at] = 1\ntime.sleep(60)"

  const wasteful: Record<string, [program: string, verdict: string, reason?: RegExp]> = {
    "a fork bomb": [
      "import os\ndef solve(n):\n    while True:\n        try: os.fork()\n        except OSError: pass",
      "incorrect",
      /timeout|died|killed|signal/,
    ],
    "a fork bomb that is answered": [
      "import os\ndef solve(n):\n    for _ in range(200):\n        try:\n            if os.fork() == 0:\n                while True: pass\n        except OSError: return 2 * n\n    return 0",
      "correct",
    ],
    "threads without end": [
      "import threading, time\ndef solve(n):\n    for _ in range(1000):\n        try: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n        except RuntimeError: return 2 * n\n    return 0",
      "correct",
    ],
    "memory of one process": [
      "def solve(n):\n    held = []\n    while True: held.append(bytearray(16 << 20))",
      "incorrect",
      /memory|MemoryError/i,
    ],
    "memory of many processes": [
      `import os, time\ndef solve(n):\n    for _ in range(24):\n        if os.fork() == 0:\n${hold.replace(/^/gm, "            ")}\n    time.sleep(60)\n    return 4`,
      "incorrect",
      /^memory: over 256 MB/,
    ],
    "memory of processes that a thread started": [
      `import os, threading, time\nthreading.stack_size(1 << 18)\ndef child():\n    if os.fork() == 0:\n${hold.replace(/^/gm, "        ")}\n    time.sleep(60)\ndef solve(n):\n    for _ in range(12): threading.Thread(target=child, daemon=True).start()\n    time.sleep(60)\n    return 4`,
      "incorrect",
      /^memory: over 256 MB/,
    ],
    "memory of processes that left their parent": [
      `import os, time\ndef solve(n):\n    for _ in range(12):\n        if os.fork() == 0:\n            os.setsid()\n            if os.fork(): os._exit(0)\n${hold.replace(/^/gm, "            ")}\n    time.sleep(60)\n    return 4`,
      "incorrect",
      /^memory: over 256 MB/,
    ],
    sleep: ["import time\ndef solve(n): time.sleep(600)", "incorrect", /^timeout/],
    "sleep while it is loaded": ["import time\ntime.sleep(600)\ndef solve(n): return 4", "incorrect", /^timeout/],
    "a loop": ["def solve(n):\n    while True: pass", "incorrect", /^timeout/],
    "a loop in C": ["def solve(n): return sum(range(10**14))", "incorrect", /^timeout/],
    "a loop in a regular expression": [
      "import re\ndef solve(n): return re.match('(a+)+$', 'a' * 60 + 'b')",
      "incorrect",
      /^timeout/,
    ],
    "a huge power": ["def solve(n): return 10 ** 10 ** 9", "incorrect", /timeout|memory|MemoryError/i],
    "signals ignored": [
      "import signal, time\nfor each in (signal.SIGTERM, signal.SIGALRM, signal.SIGXCPU, signal.SIGINT, signal.SIGHUP):\n    signal.signal(each, signal.SIG_IGN)\ndef solve(n):\n    while True: pass",
      "incorrect",
      /^timeout/,
    ],
    "a daemon left behind": [
      "import os, time\ndef solve(n):\n    if os.fork() == 0:\n        os.setsid()\n        if os.fork(): os._exit(0)\n        os.close(3)\n        time.sleep(600)\n    return 2 * n",
      "correct",
    ],
    "output without end, tests": [
      "def solve(n):\n    for _ in range(3000): print('x' * 10_000)\n    return 2 * n",
      "correct",
    ],
    "a result of 512 MB": ["def solve(n): return 'x' * (512 << 20)", "incorrect"],
    "a result of 40 MB": ["def solve(n): return 'x' * (40 << 20)", "incorrect"],
    "a million small results": ["def solve(n): return [0] * 4_000_000", "incorrect"],
    "a process that waits for itself": [
      "import os\ndef solve(n):\n    r, w = os.pipe()\n    os.read(r, 1)",
      "incorrect",
      /^timeout/,
    ],
    "a thread that never ends": [
      "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\ndef solve(n): return 2 * n",
      "correct",
    ],
  }

  for (const [name, [program, verdict, said = /./]] of Object.entries(wasteful))
    test(name, async () => {
      // Only what must be ended by the clock waits for it, on however busy a machine.
      const timeoutMs = said.source.includes("timeout") ? 1_500 : 20_000
      const found = await testsVerdict(fenced(program), right, { timeoutMs, memoryMb: 256 })
      expect(found.verdict, found.reason ?? "").toBe(verdict)
      if (verdict === "incorrect") expect(found.reason).toMatch(said)
      // A candidate ends with all that it started: what is left are those that stand ready, each a monitor, an init and an interpreter.
      expect(sandboxProcesses().length).toBeLessThan(60)
    })

  const floods: Record<string, [program: string, reason: RegExp]> = {
    "standard output": ["while True: print('x' * 10_000)", /flood: too much on standard output/],
    "standard error": ["import sys\nwhile True: sys.stderr.write('x' * 10_000)", /flood: too much on standard error/],
    "a file": [
      "with open('/tmp/big', 'wb') as file:\n    while True: file.write(bytes(1 << 20))",
      /File too large|No space left/,
    ],
    "output of a child": ["import subprocess\nsubprocess.run(['yes'])", /flood/],
    sleep: ["import time\ntime.sleep(600)", /^0\/1 passed; input 1: timeout/],
    memory: ["held = []\nwhile True: held.append(bytearray(16 << 20))", /memory|MemoryError/i],
    "exit with 1": ["import sys\nprint(4)\nsys.exit(1)", /exit code 1/],
    "a signal to itself": ["import os\nprint(4, flush=True)\nos.kill(os.getpid(), 9)", /signal 9/],
    "every process killed": ["import os\nos.kill(-1, 9)", /./],
    "an input that is more than it reads": ["print(5)", /wrong output/],
    "descriptors closed": ["import os\nos.closerange(0, 100)", /./],
  }
  for (const [name, [program, said]] of Object.entries(floods))
    test(`with standard streams: ${name}`, async () => {
      const given = { inputs: ["2\n".repeat(100_000)], outputs: ["4"] }
      const timeoutMs = said.source.includes("timeout") ? 1_500 : 20_000
      const found = await stdioVerdict(fenced(program), given, { timeoutMs, memoryMb: 256 })
      expect(found.verdict, found.reason ?? "").toBe("incorrect")
      expect(found.reason).toMatch(said)
    })
})
