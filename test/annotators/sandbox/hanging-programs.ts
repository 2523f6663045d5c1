// Verifies programs that never end, in both languages, until it is killed.
import { fenced, testsVerdict } from "./code-verdict.ts"

const python = `import os, subprocess, time
def f(n):
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    if os.fork() == 0:
        os.setsid()
        if os.fork(): os._exit(0)
        time.sleep(600)
    time.sleep(600)`
const javascript = `function f() { require("child_process").spawn("sleep", ["600"], { detached: true }); for (;;); }`

await Promise.all([
  testsVerdict(fenced(python), { tests: "assert f(1) == 1" }, { timeoutMs: 600_000 }),
  testsVerdict(fenced(javascript, "js"), { tests: "assert(f(1))" }, { language: "javascript", timeoutMs: 600_000 }),
])
