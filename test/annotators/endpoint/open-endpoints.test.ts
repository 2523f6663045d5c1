import { expect, test } from "vitest"
import { openEndpoints } from "../../../annotators/endpoint/open-endpoints.ts"
import { modelConfig } from "../../../schemas/config.ts"
import type { Happening } from "../../../schemas/event.ts"
import { ModelServer } from "./server.ts"
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
