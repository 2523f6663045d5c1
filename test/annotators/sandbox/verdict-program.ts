// Prints verdicts of programs that leave a mark, a file, where they run outside a sandbox. `node verdict-program.ts MARK`
import { fenced, stdioVerdict, testsVerdict } from "./code-verdict.ts"

const mark = JSON.stringify(process.argv[2])
const python = `try:\n    open(${mark}, "w")\nexcept OSError: pass\n`
const javascript = "try { require('fs').writeFileSync(MARK, '') } catch {}\n".replace("MARK", mark)
const tests = { entry_point: "f", tests: "assert f(1) == 2" }
const scripts = { entry_point: "f", tests: "assert.strictEqual(f(1), 2)" }
const options = { language: "javascript" }

process.stdout.write(
  JSON.stringify({
    python: await testsVerdict(fenced(`${python}def f(n): return n + 1`), tests),
    stdio: await stdioVerdict(fenced(`${javascript}console.log(2)`, "js"), { inputs: ["1"], outputs: ["2"] }, options),
    javascript: await testsVerdict(fenced(`${javascript}function f(n) { return n + 1 }`, "js"), scripts, options),
    wrong: await testsVerdict(fenced("function f(n) { return n }", "js"), scripts, options),
  }),
)
