import type { Interpreter } from "../interpreter.ts"
import type { SandboxKind } from "../sandbox.ts"
import { pythonCandidate } from "./candidate.ts"
import { pythonLimits } from "./limits.ts"
import { pythonTester } from "./tester.ts"
import { pythonWire } from "./wire.ts"

// The harness comes as a frame; one byte says that it is there. Programs must not find modules in their folder before the library's.
const loader = `import os, sys
sys.path[:] = [each for each in sys.path if each]
def whole(count):
    data = b""
    while len(data) < count:
        part = os.read(3, count - len(data))
        part or os._exit(1)
        data += part
    return data
exec(compile(whole(int.from_bytes(whole(4), "big")), "<harness>", "exec"), {"__name__": "harness"})`

// In a sandbox that stands ready all is done that needs no job.
const ready = `
_null = os.open(os.devnull, os.O_RDWR)
os.dup2(_null, 2)
os.close(_null)
os.write(3, b"R")
main()
`

const kind = ({ path, folders }: Interpreter, harness: string[], channels: number): SandboxKind => ({
  command: [path, "-s", "-S", "-B", "-c", loader],
  harness: [...harness, ready].join("\n"),
  readable: folders,
  channels,
  stdio: false,
})

/** Sandboxes that load a program and answer a tester on descriptor 3. */
export const pythonCandidateKind = (python: Interpreter): SandboxKind =>
  kind(python, [pythonWire, pythonLimits, pythonCandidate], 1)

/** Sandboxes that run tests: descriptor 3 is ours, 4 the candidate's. */
export const pythonTesterKind = (python: Interpreter): SandboxKind =>
  kind(python, [pythonWire, pythonLimits, pythonTester], 2)
