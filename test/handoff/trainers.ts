// The scripts of `trainers/`, which run the trainers' own loaders over handoffs, in the environments that `environments.sh` makes.
// COTYLEDON_TRAINERS names their folder; without it these tests are skipped.
import { execFile, spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const environments = process.env.COTYLEDON_TRAINERS ?? ""

/** Why the trainers cannot run, as the end of a title; empty where they can. */
export const withoutTrainers =
  environments === ""
    ? " (skipped: set COTYLEDON_TRAINERS to the folder that test/handoff/environments.sh prints)"
    : existsSync(join(environments, "whole"))
      ? ""
      : ` (skipped: ${environments} has no environments; test/handoff/environments.sh makes them)`

/** A Python with pyarrow and tokenizers: the trainers' own, or COTYLEDON_PYTHON. */
const python = environments === "" ? (process.env.COTYLEDON_PYTHON ?? "python3") : join(environments, "trl/bin/python")

/** Why what the handoff carries for Python cannot run, as the end of a title; empty where it can. */
export const withoutPython =
  spawnSync(python, ["-c", "import pyarrow, tokenizers, yaml, jinja2"]).status === 0
    ? ""
    : ` (skipped: ${python} lacks pyarrow, tokenizers, PyYAML or Jinja2; set COTYLEDON_PYTHON or COTYLEDON_TRAINERS)`

/** What a script found out about a handoff. Its parts, where it has several, are findings too. */
export interface Finding {
  /** The handoff. */
  folder: string
  /** Name of the planted fault, when there is one. */
  fault?: string
  /** What the trainer raised. */
  raised?: string
  version?: string
  rows?: number
  tokens?: number
  trained_tokens?: number
  /** Where what the trainer prepared departs from the manifest. */
  faults?: string[]
  /** Probes that held. */
  probes?: number
  /** Of the receipt. */
  status?: string
  /** What bears loss, decoded. */
  trained_text?: string[]
  losses?: number[]
}

const scripts = fileURLToPath(new URL("./trainers/", import.meta.url))
const command = fileURLToPath(new URL("../../dist/ui/bin.js", import.meta.url))
const run = promisify(execFile)

/** Runs a script of `trainers/`; each line of its output is a finding. Rejects with what it wrote to stderr where it fails. */
export async function runScript<T = Finding>(
  script: string,
  args: readonly string[],
  environment?: "trl" | "verl",
): Promise<T[]> {
  const program = environment ? join(environments, environment, "bin/python") : python
  const { stdout } = await run(program, [join(scripts, script), ...args], {
    maxBuffer: 256 << 20,
    env: {
      ...process.env,
      OMP_NUM_THREADS: "1",
      COTYLEDON: `${process.execPath} ${command}`,
      PYTHONDONTWRITEBYTECODE: "1",
    },
  })
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T)
}

/** Runs Python. `path`: where it looks for packages first. */
export function runPython(args: readonly string[], path?: string): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(python, args, {
    encoding: "utf8",
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", ...(path === undefined ? {} : { PYTHONPATH: path }) },
  })
  return { code: status, text: stdout + stderr }
}

/** Runs the file that a handoff carries, as a user does. */
export const verifyHandoffPy = (handoff: string, args: readonly string[] = [], path?: string) =>
  runPython([join(handoff, "verify_handoff.py"), handoff, ...args], path)

/** Plants faults in copies of a handoff under a folder: names of faults, and where each stands. */
export async function plant(handoff: string, folder: string, names: readonly string[]): Promise<Map<string, string>> {
  const planted = await runScript<{ fault: string; folder: string }>("plant.py", [handoff, folder, ...names])
  return new Map(planted.map(({ fault, folder }) => [fault, folder]))
}

/** What a loader does with a planted fault: raises, prepares what departs from the manifest, or nothing. */
export type Seen = "raises" | "departs" | "nothing"

/** How a loader's finding about a handoff reads. */
export const seenIn = (finding: Finding | undefined): Seen =>
  finding?.raised !== undefined ? "raises" : (finding?.faults?.length ?? 0) > 0 ? "departs" : "nothing"

/**
 * What a loader sees in handoffs with planted faults: by fault. `part` picks the part of its findings, where it has several.
 */
export async function seenFaults(
  planted: ReadonlyMap<string, string>,
  names: readonly string[],
  script: string,
  environment: "trl" | "verl",
  { args = [], part }: { args?: readonly string[]; part?: string } = {},
): Promise<Record<string, Seen>> {
  const folders = names.map((name) => planted.get(name)!)
  const findings = await runScript<Finding & Record<string, unknown>>(script, [...args, ...folders], environment)
  return Object.fromEntries(
    findings.map((finding, at) => [
      names[at]!,
      seenIn(finding.raised === undefined && part !== undefined ? (finding[part] as Finding) : finding),
    ]),
  )
}
