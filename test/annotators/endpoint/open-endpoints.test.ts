import { expect, test } from "vitest"
import { openEndpoints } from "../../../annotators/endpoint/open-endpoints.ts"
import { modelConfig } from "../../../schemas/config.ts"
import type { Happening } from "../../../schemas/event.ts"
import { complete, ModelServer, refuse } from "./server.ts"
import { chat } from "./setting.ts"

test("a run hears that somebody else answers than the ledger knows, as one warning", async () => {
  const server = await new ModelServer().start()
  const happenings: Happening[] = []
  const roles = openEndpoints(
    { judge: modelConfig.parse({ baseUrl: server.url, model: "m" }) },
    {
      budget: {},
      host: {
        report: (happening) => happenings.push(happening),
        settled: {},
        answered: new Map([["m", [{ model: "tiny", fingerprint: "fp_0" }]]]),
      },
    },
  )
  try {
    await chat(roles.judge, "one")
    await chat(roles.judge, "two")
  } finally {
    await roles.close()
    await server.stop()
  }
  expect(happenings).toEqual([
    {
      event: "warning",
      message:
        `the judge at 127.0.0.1:${server.port} answered as tiny (fp_0) until now, now as tiny (fp_1): ` +
        "if the weights changed, set models.judge.identity",
    },
  ])
})

test("pauses are said of the server where there are several", async () => {
  const [first, other] = [
    await new ModelServer((_, response) => setTimeout(() => complete(response, "fine"), 20)).start(),
    await new ModelServer((_, response) => refuse(response, 503)).start(),
  ]
  const happenings: Happening[] = []
  const models = { judge: modelConfig.parse({ baseUrl: first.url, replicas: [other.url], model: "m" }) }
  const host = { report: (happening: Happening) => happenings.push(happening), settled: {} }
  const roles = openEndpoints(models, { budget: {}, host })
  try {
    await Promise.all([chat(roles.judge, "one"), chat(roles.judge, "two")])
  } finally {
    await roles.close()
    await Promise.all([first.stop(), other.stop()])
  }
  expect(happenings).toMatchObject([
    {
      event: "endpoint",
      role: "judge",
      state: "paused",
      message: expect.stringContaining(`${other.url}: overloaded; next try in `),
    },
  ])
})
