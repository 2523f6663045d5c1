import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { afterEach, describe, expect, it } from "vitest"
import { type EmbeddedEndpoint, serveModel, startEmbedded } from "../../../../annotators/endpoint/embedded/child.ts"
import { requireLlamaModule } from "../../../../annotators/endpoint/embedded/llama-module.ts"
import { model, why } from "./with-model.ts"

const small = { contexts: 1, contextTokens: 256, spareContexts: 0 }

/** False once the process is gone, also when nobody has fetched its exit status yet. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== "linux" || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return false
  }
}
async function gone(pid: number): Promise<void> {
  while (alive(pid)) await new Promise((resolve) => setTimeout(resolve, 20))
}
const answers = async (baseUrl: string) => (await fetch(`${baseUrl}/models`)).status === 200

describe.skipIf(why !== "")(`startEmbedded${why}`, { timeout: 180_000 }, () => {
  it("starts a server, says who it is, and ends it", async () => {
    const endpoint = await startEmbedded(small)
    expect(endpoint.baseUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/)
    expect(endpoint.identity).toBe(`${model.name}@sha256:${model.sha256}`)
    expect(await answers(endpoint.baseUrl)).toBe(true)
    await endpoint.close()
    expect(await endpoint.ended).toBeNull()
    expect(alive(endpoint.pid)).toBe(false)
  })

  it("tells when the server dies", async () => {
    const endpoint = await startEmbedded(small)
    process.kill(endpoint.pid, "SIGKILL")
    expect(await endpoint.ended).toMatchObject({ exit: 1, complaint: { got: "SIGKILL" } })
    await endpoint.close()
  })

  it("ends with its signal, also before it is ready", async () => {
    const controller = new AbortController()
    const endpoint = await startEmbedded({ ...small, signal: controller.signal })
    controller.abort()
    expect(await endpoint.ended).toBeNull()
    const early = new AbortController()
    const starting = startEmbedded({ ...small, signal: early.signal })
    setTimeout(() => early.abort(new Error("never mind")), 250)
    await expect(starting).rejects.toThrow("never mind")
  })

  it("hands on why it cannot start", async () => {
    const first = await startEmbedded(small)
    const port = Number(new URL(first.baseUrl).port)
    await expect(startEmbedded({ ...small, port })).rejects.toMatchObject({
      exit: 2,
      complaint: { what: "cannot listen", got: "EADDRINUSE" },
    })
    await first.close()
    await expect(startEmbedded({ model: "gpt-5" })).rejects.toMatchObject({
      complaint: { what: "unknown embedded model" },
    })
  })

  it("serves in the foreground until it is told to end", async () => {
    const controller = new AbortController()
    let seen: EmbeddedEndpoint | null = null
    const serving = serveModel({
      ...small,
      signal: controller.signal,
      onListening: (endpoint) => {
        seen = endpoint
        controller.abort()
      },
    })
    await serving
    expect(seen).not.toBeNull()
    expect(alive(seen!.pid)).toBe(false)
  })

  const parents: ChildProcess[] = []
  afterEach(() => {
    for (const each of parents.splice(0)) each.kill("SIGKILL")
  })
  const parent = async (): Promise<{ process: ChildProcess; pid: number; baseUrl: string }> => {
    const module = fileURLToPath(new URL("../../../../annotators/endpoint/embedded/child.ts", import.meta.url))
    const code = `import { startEmbedded } from ${JSON.stringify(module)}
      const { pid, baseUrl } = await startEmbedded(${JSON.stringify(small)})
      console.log(JSON.stringify({ pid, baseUrl }))
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
    })
    parents.push(child)
    for await (const line of createInterface({ input: child.stdout })) return { process: child, ...JSON.parse(line) }
    throw new Error("the parent said nothing")
  }

  it("ends when the process that started it is killed", async () => {
    const { process: starter, pid } = await parent()
    starter.kill("SIGKILL")
    await gone(pid)
    expect(alive(pid)).toBe(false)
  })

  it("does not take the terminal's Ctrl-C, which goes to a process group", async () => {
    const { process: starter, pid, baseUrl } = await parent()
    process.kill(-starter.pid!, "SIGINT")
    // The starter ends by it, and only then the server, by its closed standard input.
    await gone(starter.pid!)
    await gone(pid)
    const own = await parent()
    expect(readFileSync(`/proc/${own.pid}/stat`, "utf8").split(" ")[4]).toBe(String(own.pid))
    own.process.kill("SIGKILL")
    await gone(own.pid)
    await expect(answers(baseUrl)).rejects.toThrow()
  })
})

describe("requireLlamaModule", () => {
  it("says how to install the package when it is absent", () => {
    const absent = () => {
      throw Object.assign(new Error("Cannot find package"), { code: "MODULE_NOT_FOUND" })
    }
    expect(() => requireLlamaModule(absent)).toThrow()
    try {
      requireLlamaModule(absent)
    } catch (error) {
      expect(error).toMatchObject({ exit: 2, complaint: { remedy: "npm i node-llama-cpp@3.21.1" } })
    }
  })
})
