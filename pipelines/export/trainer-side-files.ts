import { createHash } from "node:crypto"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
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

/** The verifiers by name, each with the digest of the code that verifiers are made of. */
export async function verifiersOf(names: ReadonlySet<string>): Promise<HandoffManifest["verifiers"]> {
  const folder = fileURLToPath(new URL("../../annotators/verifiers/", import.meta.url))
  const hash = createHash("sha256")
  for (const name of (await readdir(folder)).filter((name) => /\.[jt]s$/.test(name) && !name.endsWith(".d.ts")).sort())
    hash.update(`${name}\n`).update(await readFile(join(folder, name)))
  const code_sha256 = hash.digest("hex")
  return [...names].sort().map((name) => ({ name, version: verifierVersions[name] ?? 0, code_sha256 }))
}
