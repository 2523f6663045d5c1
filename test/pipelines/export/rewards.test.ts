// The rewards that trainers call, in Python, over the built command.
import { execFileSync, spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"

const file = fileURLToPath(new URL("../../../pipelines/export/trainer-side/cotyledon_rewards.py", import.meta.url))
const bin = fileURLToPath(new URL("../../../dist/ui/bin.js", import.meta.url))
const python = spawnSync("python3", ["--version"]).status === 0

/** What a Python expression over the module `rewards` gives, as JSON. */
function evaluate(expression: string, environment: Record<string, string> = {}): unknown {
  const program = `
import importlib.util, json
spec = importlib.util.spec_from_file_location("rewards", ${JSON.stringify(file)})
rewards = importlib.util.module_from_spec(spec)
spec.loader.exec_module(rewards)
print(json.dumps(${expression}))`
  const env = { ...process.env, COTYLEDON: `${process.execPath} ${bin}`, PYTHONDONTWRITEBYTECODE: "1", ...environment }
  return JSON.parse(
    execFileSync("python3", ["-c", program], { encoding: "utf8", env, stdio: ["ignore", "pipe", "pipe"] }),
  )
}

const math = JSON.stringify([{ name: "math", weight: 1, options: {} }])
const info = (verifiers: string) => `{"index": 0, "split": "train", "verifiers": ${JSON.stringify(verifiers)}}`

describe.skipIf(!python)(`rewards in Python${python ? "" : " (there is no python3)"}`, () => {
  test("TRL: 1, 0, 0 without an answer or an end of the thinking, None where nothing can be verified", () => {
    const completions = [
      "<think>\\nhm 9\\n</think>\\n\\nIt is \\\\boxed{8}.",
      "<think>\\nhm 8\\n</think>\\n\\nIt is \\\\boxed{9}.",
      "<think>\\nIt is \\\\boxed{8}",
      "<think>\\nhm\\n</think>\\n\\nI do not know.",
    ].map((text) => `[{"role": "assistant", "content": "${text}"}]`)
    const rows = [...completions, completions[0]!]
    const models = ["8", "8", "8", "8", ""].map((truth) => `{"style": "rule", "ground_truth": "${truth}"}`)
    const found = evaluate(
      `rewards.reward(completions=[${rows}], reward_model=[${models}], extra_info=[${rows.map(() => info(math))}], prompts=[])`,
    )
    expect(found).toEqual([1, 0, 0, 0, null])
  })

  test("verl: a number, and an error rather than a 0 that nobody verified", () => {
    const score = (truth: string) =>
      `rewards.compute_score("rlvr/math", "<think>\\n\\n</think>\\n\\n\\\\boxed{8}", "${truth}", ${info(math)})`
    expect(evaluate(score("8"))).toBe(1)
    expect(evaluate(score("7"))).toBe(0)
    expect(() => evaluate(score(""))).toThrow(/could not be verified/)
    expect(evaluate(score(""), { COTYLEDON_UNVERIFIABLE: "0.5" })).toBe(0.5)
  })

  test("choices go to their own verifier with their options", () => {
    const verifiers = JSON.stringify([{ name: "multiple-choice", weight: 1, options: { choices: ["3", "8"] } }])
    const score = `rewards.compute_score("rlvr/multiple-choice", "The answer is B.", "B", ${info(verifiers)})`
    expect(evaluate(score)).toBe(1)
  })

  test("a command that is not there is an error that names it", () => {
    const score = `rewards.compute_score("rlvr/math", "8", "8", ${info(math)})`
    expect(() => evaluate(score, { COTYLEDON: "/nowhere/cotyledon" })).toThrow(/nowhere/)
  })
})
