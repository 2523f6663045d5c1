// The three kinds of sandbox for programs in JavaScript, by Node. The harness is the text of our own functions.
import { programPath } from "../bubblewrap.ts"
import type { Interpreter } from "../interpreter.ts"
import type { ProgramKinds } from "../program-sandbox.ts"
import type { SandboxKind } from "../sandbox.ts"
import { SandboxError } from "../sandbox-error.ts"
import { countedAssertions } from "./assertions.ts"
import { javascriptCandidate } from "./candidate.ts"
import { javascriptCodec } from "./codec.ts"
import { javascriptEquality } from "./equality.ts"
import { nodeCandidate } from "./node-candidate.ts"
import { nodeChannel } from "./node-channel.ts"
import { nodeProgram } from "./node-program.ts"
import { nodeTester, nodeTesterThread } from "./node-tester.ts"
import { javascriptRemotes } from "./remotes.ts"
import { javascriptTestFunctions } from "./test-functions.ts"
import { javascriptTester } from "./tester.ts"

// As for Python: the harness comes as a frame.
const loader = `const { readSync } = require("node:fs")
const whole = (count) => {
  const bytes = Buffer.alloc(count)
  for (let at = 0; at < count; ) {
    const got = readSync(3, bytes, at, count - at, null)
    if (got === 0) process.exit(1)
    at += got
  }
  return bytes
}
new Function("require", whole(whole(4).readUInt32BE()).toString("utf8"))(require)`

/** Processes and threads: Node has some of its own. */
const maxProcesses = 64

// What Node cannot set on itself. V8 reserves address space that it never uses: memory is watched from outside.
const limits = [
  "--core=0",
  `--nproc=${maxProcesses}`,
  "--nofile=256",
  `--fsize=${64 << 20}`,
  "--memlock=0",
  "--msgqueue=0",
  "--cpu=660",
]

const ready = `channel.write(Buffer.from("R"))`

const parts = `{ codec: (${javascriptCodec})(), remotes: ${javascriptRemotes}, functions: ${javascriptTestFunctions}, equality: ${javascriptEquality}, counted: ${countedAssertions} }`

const start = `const channel = (${nodeChannel})(require)`

const thread = `${start}
;(${nodeTesterThread})(require, channel, ${parts}, ${javascriptTester})`

const harnesses = {
  tester: `(${nodeTester})(require, ${JSON.stringify(thread)})`,
  candidate: `${start}
${ready}
;(${nodeCandidate})(require, channel, (${javascriptCodec})(), ${javascriptCandidate})`,
  program: `${start}
${ready}
;(${nodeProgram})(require, channel)`,
}

/** Throws a SandboxError where the limits cannot be set. */
export function nodeKinds(node: Interpreter): ProgramKinds {
  const prlimit = programPath("prlimit")
  if (prlimit === null) throw new SandboxError("prlimit is not installed (apt-get install util-linux)")
  const kind = (harness: string, flags: readonly string[], stdio = false): SandboxKind => ({
    command: [prlimit, ...limits, node.path, "--no-warnings", "--v8-pool-size=1", ...flags, "-e", loader],
    harness: Buffer.from(harness),
    readable: node.folders,
    channels: 1,
    stdio,
  })
  return {
    tester: kind(harnesses.tester, []),
    candidate: kind(harnesses.candidate, []),
    program: kind(harnesses.program, ["--experimental-vm-modules"], true),
  }
}
