import { expect, test } from "vitest"
import { usageError } from "../../../pipelines/runtime/errors.ts"
import { openRecipe } from "../../../pipelines/runtime/open-recipe.ts"
import { run } from "../../../pipelines/runtime/run.ts"
import { complaintOf } from "../complaint.ts"
import { temporaryFolder } from "./folder.ts"
import { tinyRecipe } from "./tiny-recipe.ts"

const { recipe } = tinyRecipe()
const config = { seed: 1 }
const opened = () => recipe.open(config, { report: () => {}, settled: {} })
/** The tiny recipe with another result of `open`. */
const giving = (open: () => unknown) => ({ ...recipe, open: open as typeof recipe.open })
const complaint = (open: () => unknown) => complaintOf((async () => openRecipe(giving(open), config))())

test("a whole pipeline is given as it is", () => {
  const pipeline = opened()
  expect(
    openRecipe(
      giving(() => pipeline),
      config,
    ),
  ).toBe(pipeline)
})

test.each<[string, () => unknown, string]>([
  ["nothing", () => undefined, "nothing"],
  ["a promise", async () => opened(), "a promise"],
  ["no path", () => ({ ...opened(), path: undefined }), "no list of path"],
  ["no export", () => ({ ...opened(), exports: [] }), "an empty list of exports"],
  ["nothing to close", () => ({ ...opened(), close: undefined }), "no close()"],
])("%s is no pipeline", async (_, open, got) => {
  expect(await complaint(open)).toMatch(/^exit 2\nThe recipe is broken: open\(\) returned no pipeline\n/)
  expect(await complaint(open)).toContain(got)
})

test("what open throws is said, with the recipe's name; an error of ours goes through", async () => {
  const thrown = await complaint(() => {
    throw new TypeError("no database")
  })
  expect(thrown).toMatch(
    /^exit 2\nThe recipe cannot be put together: open\(\) threw\nrecipe \w+\nTypeError: no database/,
  )
  const ours = await complaint(() => {
    throw usageError({ what: "The shares are above 1" })
  })
  expect(ours).toBe("exit 2\nThe shares are above 1")
})

test.each(["../outside", "a/b", "", ".hidden", "/tmp"])("nothing is written to %j", async (name) => {
  const plain = "has no plain name"
  const named = () => {
    const { stages, path, ...pipeline } = opened()
    const [first, ...rest] = stages
    return { ...pipeline, stages: [{ ...first, id: name }, ...rest], path: [name, ...path.slice(1)] }
  }
  expect(await complaint(named)).toContain(plain)
  const exported = () => {
    const pipeline = opened()
    return { ...pipeline, exports: [{ ...pipeline.exports[0], folder: name }] }
  }
  expect(await complaint(exported)).toContain(plain)
})

test("stages that are not there and folders that are taken are named", async () => {
  const pipeline = opened()
  const [first] = pipeline.exports
  expect(await complaint(() => ({ ...pipeline, path: ["nowhere"] }))).toContain("there is no stage nowhere")
  expect(await complaint(() => ({ ...pipeline, exports: [{ ...first, from: "gone" }] }))).toContain("no stage gone")
  for (const exports of [[{ ...first, folder: "ledger" }], [first, first]])
    expect(await complaint(() => ({ ...pipeline, exports }))).toMatch(/the folder \w+ is taken/)
})

test("a run of a broken recipe starts nothing", async () => {
  const out = `${temporaryFolder()}/run`
  expect(await complaintOf(run({ recipe: giving(() => null), config, out }))).toContain("returned no pipeline")
  expect(await complaintOf(run({ recipe: giving(() => null), config, out, limit: 1 }))).toMatch(/^exit 2/)
})
