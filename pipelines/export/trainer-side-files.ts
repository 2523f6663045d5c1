import { createHash } from "node:crypto"
import { readdir, readFile } from "node:fs/promises"
import { basename, join, parse } from "node:path"
import { fileURLToPath } from "node:url"
import { verifierVersions } from "../../annotators/verify-answer.ts"
import type { HandoffManifest } from "../../schemas/handoff-manifest.ts"

/** The files that go to the trainer's side as they are. */
export async function trainerSideFiles(withRewards: boolean): Promise<{ from: string; to: string }[]> {
  const folder = fileURLToPath(new URL("./trainer-side/", import.meta.url))
  const names = (await readdir(folder)).filter((name) => name.endsWith(".py")).sort()
  return names.flatMap((name) => {
    const from = join(folder, name)
    if (name.startsWith("cotyledon_rewards")) return withRewards ? [{ from, to: `rewards/${name}` }] : []
    return [{ from, to: name }]
  })
}

/** Where a verifier finds the answer, beside the folder of verifiers. */
const answerReaders = ["parse-response", "think-tags", "control-tokens"]

/** The verifiers by name, each with the digest of the code that verifiers are made of. */
export async function verifiersOf(names: ReadonlySet<string>): Promise<HandoffManifest["verifiers"]> {
  const annotators = fileURLToPath(new URL("../../annotators/", import.meta.url))
  const isCode = (name: string) => /\.[jt]s$/.test(name) && !name.endsWith(".d.ts")
  const files = (await readdir(join(annotators, "verifiers"))).map((name) => join("verifiers", name))
  const readers = (await readdir(join(annotators, "chat"))).filter((name) => answerReaders.includes(parse(name).name))
  const hash = createHash("sha256")
  for (const file of [...files, ...readers.map((name) => join("chat", name))].filter(isCode).sort())
    hash.update(`${basename(file)}\n`).update(await readFile(join(annotators, file)))
  const code_sha256 = hash.digest("hex")
  return [...names].sort().map((name) => ({ name, version: verifierVersions[name] ?? 0, code_sha256 }))
}
