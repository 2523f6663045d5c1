import { defaultModelName, findModel } from "./catalogue.ts"
import { type EmbeddedEndpoint, startEmbedded } from "./child.ts"

/** The embedded model's server of one run: started by the first call, started again when it died, shared by all roles. */
export class EmbeddedServer {
  readonly #say: (state: string, message: string) => void
  readonly #running = new Map<string, Promise<EmbeddedEndpoint>>()
  readonly #ending = new AbortController()

  /** `say` hears what takes long: getting weights, loading them. */
  constructor(say: (state: string, message: string) => void) {
    this.#say = say
  }

  /** Whose answers an embedded model's are: its name and the digest of its weights. */
  static identity(model: string = defaultModelName): string {
    return `${model}@sha256:${findModel(model).sha256}`
  }

  /** The base URL of the running server of a model. */
  async baseUrl(model: string = defaultModelName): Promise<string> {
    let server = this.#running.get(model)
    if (!server) {
      server = this.#start(model)
      this.#running.set(model, server)
    }
    const { baseUrl } = await server
    return baseUrl
  }

  async close(): Promise<void> {
    this.#ending.abort(new Error("the run is over"))
    const servers = await Promise.allSettled(this.#running.values())
    await Promise.all(servers.map((server) => (server.status === "fulfilled" ? server.value.close() : null)))
  }

  async #start(model: string): Promise<EmbeddedEndpoint> {
    let told = 0
    try {
      const server = await startEmbedded({
        model,
        signal: this.#ending.signal,
        onProgress: (progress) => {
          if (Date.now() - told < 1_000) return
          told = Date.now()
          const { source, doneBytes, totalBytes } = progress
          this.#say(
            "starting",
            `getting the weights of ${model} (${source}): ${megabytes(doneBytes)} of ${megabytes(totalBytes)} MB`,
          )
        },
      })
      this.#say("ready", `${model} at ${server.baseUrl}`)
      server.ended.then((error) => {
        this.#running.delete(model)
        if (error) this.#say("ended", error.complaint.what)
      })
      return server
    } catch (error) {
      this.#running.delete(model)
      throw error
    }
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0)
