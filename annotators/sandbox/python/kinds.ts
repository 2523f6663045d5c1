import { execFile } from "node:child_process"
import type { Interpreter } from "../interpreter.ts"
import type { ProgramKinds } from "../program-sandbox.ts"
import type { SandboxKind } from "../sandbox.ts"
import { SandboxError } from "../sandbox-error.ts"
import { pythonCandidate } from "./candidate.ts"
import { pythonLimits } from "./limits.ts"
import { pythonProgram } from "./program.ts"
import { pythonTester } from "./tester.ts"
import { pythonWire } from "./wire.ts"

// The harness comes compiled, as a frame; one byte says that it is there. Programs must not find modules in their folder before the
// library's. A descriptor that our own parent left open would lead outside.
const loader = `import marshal, os, sys
sys.path[:] = [each for each in sys.path if each]
for fd in os.listdir("/proc/self/fd"):
    if int(fd) > 3:
        try:
            os.close(int(fd))
        except OSError:
            pass
def whole(count):
    data = b""
    while len(data) < count:
        part = os.read(3, count - len(data))
        part or os._exit(1)
        data += part
    return data
exec(marshal.loads(whole(int.from_bytes(whole(4), "big"))), {"__name__": "harness"})`

// In a sandbox that stands ready all is done that needs no job.
const ready = `
os.write(3, b"R")
main()
`
const silent = `
_null = os.open(os.devnull, os.O_RDWR)
os.dup2(_null, 2)
os.close(_null)
`

const compile = `import marshal, sys
sys.stdout.buffer.write(marshal.dumps(compile(sys.stdin.buffer.read(), "<harness>", "exec", 0, True)))`

/** Our own source as code of that interpreter: a sandbox that starts need not compile it. */
async function compiled({ path, name }: Interpreter, source: string): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const child = execFile(
    path,
    ["-I", "-S", "-B", "-c", compile],
    { encoding: "buffer", timeout: 20_000, cwd: "/", maxBuffer: 1 << 24 },
    (error, code) =>
      error === null ? resolve(code) : reject(new SandboxError(`${name} cannot compile the harness`, { cause: error })),
  )
  child.stdin?.on("error", () => {})
  child.stdin?.end(source)
  return await promise
}

const kind = async (python: Interpreter, harness: readonly string[], stdio = false): Promise<SandboxKind> => ({
  command: [python.path, "-s", "-S", "-B", "-c", loader],
  harness: await compiled(python, [...harness, ready].join("\n")),
  readable: python.folders,
  channels: 1,
  stdio,
})

/** The three kinds of sandbox for programs in Python. */
export async function pythonKinds(python: Interpreter): Promise<ProgramKinds> {
  const [tester, candidate, program] = await Promise.all([
    kind(python, [pythonWire, pythonLimits, pythonTester, silent]),
    kind(python, [pythonWire, pythonLimits, pythonCandidate, silent]),
    kind(python, [pythonWire, pythonLimits, pythonProgram], true),
  ])
  return { tester, candidate, program }
}
