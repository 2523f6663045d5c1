// Steps of the user's own, by path: what the catalogue says of a step of the package, read from a module.
import { basename, resolve } from "node:path"
import { z } from "zod"
import type { StepEntry, StepRole, StepServices } from "../pipelines/catalogue.ts"
import { importModule } from "../pipelines/recipes.ts"
import { oneLine, usageError } from "../pipelines/runtime/errors.ts"
import type { Step } from "../pipelines/runtime/step.ts"

/** What a module with a step may export. */
export interface StepModule {
  /** The step, or a function that makes it of its parameters. */
  default: Step | ((params: never, services: StepServices) => Step | Promise<Step>)
  /** Type of the parameters: a Zod object, or a JSON Schema of one. None: the step takes no parameters. */
  params?: z.ZodObject | object
  /** Columns that the step reads; the first is the one that `--column` stands for. Default: `["text"]`. */
  reads?: string[]
  /** The added column that `--labels` compares. A step without one decides between keep and drop. */
  label?: string
  /** The role whose endpoint the step asks, by `services.endpoint(role)`. */
  role?: StepRole
}

const roles: readonly string[] = ["judge", "drafter"] satisfies StepRole[]

/** The step of a module. Throws usage errors that say what the module should export. */
export async function loadOwnStep(reference: string): Promise<StepEntry> {
  const module = (await importModule(resolve(reference), { what: "the step", where: reference })) as Partial<StepModule>
  const { default: made, reads = ["text"], label, role } = module
  const complain = (what: string, expected: string, got?: string) =>
    usageError({ what, where: reference, expected, got, remedy: "test/examples has one of each kind to look at." })
  if (typeof made !== "function" && faultOf(made) !== null)
    throw complain(
      "The module is no step",
      "a default export: a step {kind, id, version, params, run or open}, or a function that returns one",
      faultOf(made)!,
    )
  if (!isTexts(reads) || reads.length === 0) throw complain("`reads` names no columns", "a list of names")
  if (label !== undefined && typeof label !== "string") throw complain("`label` names no column", "a name")
  if (role !== undefined && !roles.includes(role)) throw complain("`role` is unknown", roles.join(" or "), String(role))
  const params = paramsOf(module.params, complain)
  const build = async (values: unknown, services: StepServices): Promise<Step> => {
    const step = typeof made === "function" ? await made(values as never, services) : made!
    const fault = faultOf(step)
    if (fault !== null)
      throw complain("The function of the module returned no step", "{kind, id, version, params, run or open}", fault)
    return step
  }
  const step = await shownStep(params, build)
  const adds = Object.keys(step?.adds ?? {})
  if (step && label !== undefined && !adds.includes(label))
    throw complain("`label` is no column that the step adds", adds.join(", ") || "a column in `adds`", label)
  return {
    id: step?.id ?? basename(reference).replace(/\.\w+$/, ""),
    kind: label === undefined ? "filter" : "annotator",
    about: step?.about ?? "A step of your own",
    reads,
    adds,
    params,
    column: () => reads[0]!,
    needs: null,
    ...(label !== undefined && { label }),
    ...(role !== undefined && { role }),
    ...(step?.kind !== "row" && step?.kind !== "kernel" && { settles: true as const }),
    build,
  }
}

/** The step with its default parameters, for what it says of itself; null where some parameter must be given. */
async function shownStep(
  params: z.ZodObject,
  build: (params: unknown, services: StepServices) => Promise<Step>,
): Promise<Step | null> {
  const defaults = params.safeParse({})
  if (!defaults.success) return null
  // Nothing is asked here: an endpoint is only handed on.
  return build(defaults.data, { endpoint: () => ({}) as never })
}

function paramsOf(given: unknown, complain: (what: string, expected: string, got?: string) => Error): z.ZodObject {
  if (given === undefined) return z.strictObject({})
  const expected = "a Zod object, or a JSON Schema of type object"
  let type: z.ZodType
  try {
    type = isZod(given) ? given : z.fromJSONSchema(given as never)
  } catch (error) {
    throw complain("`params` is no schema", expected, oneLine((error as Error).message, 200))
  }
  // A type of another copy of Zod is as good as one of ours: it is told by what it can do.
  if (!("shape" in type)) throw complain("`params` is no object", expected)
  return type as unknown as z.ZodObject
}

const isZod = (value: unknown): value is z.ZodType =>
  typeof value === "object" && value !== null && "safeParse" in value && typeof value.safeParse === "function"

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((element) => typeof element === "string" && element !== "")

/** What keeps a value from being a step, in a few words; null where it is one. */
function faultOf(value: unknown): string | null {
  if (typeof value !== "object" || value === null) return value === undefined ? "nothing" : typeof value
  const { kind, id, version, run, open, adds } = value as Record<string, unknown>
  if (kind !== "row" && kind !== "kernel" && kind !== "program") return "a kind other than row, kernel and program"
  if (typeof id !== "string" || !/^[\w.-]+$/.test(id)) return "an id that is no plain name"
  if (!Number.isSafeInteger(version)) return `step ${id} without a version that is a whole number`
  if (typeof (kind === "kernel" ? open : run) !== "function")
    return `step ${id} without ${kind === "kernel" ? "open()" : "run()"}`
  if (adds !== undefined && !Object.values(Object(adds)).every((column) => Object(column).arrow && Object(column).zod))
    return `step ${id} whose \`adds\` holds something else than columns (text(), int32(), ...)`
  return null
}
