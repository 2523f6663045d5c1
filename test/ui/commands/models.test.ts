import { spawnSync } from "node:child_process"
import { mkdir, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { listModels } from "../../../annotators/endpoint/embedded/catalogue.ts"
import { getWeights } from "../../../annotators/endpoint/embedded/weights.ts"
import { groupLives, RunningCommand, runCommand } from "../../faults/run-command.ts"
import { newFolder } from "../../faults/scene.ts"

test("lists name, size, licence and whether it is here", async () => {
  const cache = await newFolder()
  const env = { COTYLEDON_CACHE: cache, COTYLEDON_MODEL_DIR: "" }
  const { code, stdout } = await runCommand(["models", "list"], { env })
  expect(code).toBe(0)
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(90)
  for (const { name, license } of listModels())
    expect(stdout).toMatch(new RegExp(`^${name} .*MB  ${license}  not here`, "m"))
  const [model] = listModels()
  const folder = join(cache, "models", model!.sha256)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, model!.file), "")
  const here = async () =>
    JSON.parse((await runCommand(["models", "list", model!.name, "--json"], { env })).stdout)[0].cached
  expect(await here()).toBe(false)
  await truncate(join(folder, model!.file), model!.bytes)
  expect(await here()).toBe(true)
})

test.each([
  [["models", "lst"], "Did you mean models list?"],
  [["models", "get", "gpt-5"], "unknown embedded model"],
  [["models", "get", "--from", "nothing.gguf"], "no such file (nothing.gguf)"],
])("%j is a usage error", async (args, message) => {
  const { code, stderr } = await runCommand(args, { cwd: await newFolder() })
  expect(code).toBe(2)
  expect(stderr).toContain(message)
  expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(4)
})

test("a file that is not the pinned one is not kept", async () => {
  const folder = await newFolder()
  await writeFile(join(folder, "weights.gguf"), "GGUF")
  const env = { COTYLEDON_CACHE: join(folder, "cache"), COTYLEDON_MODEL_DIR: "" }
  const { code, stderr } = await runCommand(["models", "get", "--from", "weights.gguf"], { cwd: folder, env })
  expect(code).toBe(2)
  expect(stderr).toContain("not the pinned")
})

/** Weights that are here already: tests fetch nothing. */
const weights = await getWeights(listModels()[0]!.name, {
  environment: { ...process.env, HF_HUB_OFFLINE: "1", PATH: "" },
}).catch(() => null)

test.runIf(weights)("get prints where the weights are", async () => {
  const { code, stdout } = await runCommand(["models", "get", "--json"])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ name: "smollm2-135m-instruct", ...weights })
})

test.runIf(weights).each(["SIGINT", "SIGTERM"] as const)(
  "serve answers until %s and leaves no process",
  { timeout: 120_000 },
  async (signal) => {
    const command = new RunningCommand(["models", "serve", "--port", "0", "--contexts", "1", "--json"])
    expect(await command.until(() => command.stdout.includes("\n"))).toBe(true)
    const { url, identity } = JSON.parse(command.stdout)
    expect(identity).toContain(weights!.sha256)
    const answer = await fetch(`${url}/models`)
    expect(((await answer.json()) as { data: { id: string }[] }).data[0]!.id).toBe("smollm2-135m-instruct")
    // The server is no child of the terminal's group, and must end with the command all the same.
    const server = spawnSync("pgrep", ["-P", String(command.pid)], { encoding: "utf8" }).stdout.trim()
    process.kill(command.pid, signal)
    expect((await command.ended).code).toBe(0)
    expect(groupLives(command)).toBe(false)
    if (server !== "") expect(() => process.kill(Number(server), 0)).toThrow()
    await expect(fetch(`${url}/models`)).rejects.toThrow()
  },
)

async function serving(...args: string[]) {
  const command = new RunningCommand(["models", "serve", "--port", "0", "--contexts", "1", "--json", ...args])
  expect(await command.until(() => command.stdout.includes("\n"))).toBe(true)
  const { url } = JSON.parse(command.stdout) as { url: string }
  const complete = (max_tokens: number, more: object = {}) =>
    fetch(`${url}/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model: "smollm2-135m-instruct",
        prompt: "Once upon a time",
        max_tokens,
        temperature: 0,
        ...more,
      }),
    })
  const health = async () =>
    (await (await fetch(url.replace("/v1", "/health"))).json()) as { status: string; running: number; waiting: number }
  const isSo = async (condition: (state: Awaited<ReturnType<typeof health>>) => boolean) => {
    while (!condition(await health())) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return { command, url, complete, isSo }
}

test.runIf(weights)(
  "serve answers what is open when it is told to end, and nothing new",
  { timeout: 120_000 },
  async () => {
    const { command, complete, isSo } = await serving("--queue", "1", "--grace", "100")
    const open = [complete(150), complete(5)]
    await isSo(({ running, waiting }) => running === 1 && waiting === 1)
    // The queue of one is full.
    expect((await complete(1)).status).toBe(429)
    process.kill(command.pid, "SIGTERM")
    await isSo(({ status }) => status === "ending")
    const refused = await complete(1)
    expect(refused.status).toBe(503)
    expect(refused.headers.get("retry-after")).toMatch(/^\d+$/)
    for (const answer of await Promise.all(open)) expect(answer.status).toBe(200)
    expect((await command.ended).code).toBe(0)
    expect(groupLives(command)).toBe(false)
  },
)

test.runIf(weights)("a second signal ends serve at once", { timeout: 120_000 }, async () => {
  const { command, url, complete, isSo } = await serving("--grace", "1000")
  const open = complete(1_500).then(
    () => "answered",
    () => "cut",
  )
  await isSo(({ running }) => running === 1)
  process.kill(command.pid, "SIGINT")
  await isSo(({ status }) => status === "ending")
  process.kill(command.pid, "SIGINT")
  expect((await command.ended).code).toBe(130)
  expect(await open).toBe("cut")
  await expect(fetch(`${url}/models`)).rejects.toThrow()
})
