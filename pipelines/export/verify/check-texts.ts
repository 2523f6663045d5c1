// What stands beside the data: tokenizer, templates, launch configs, the description for LLaMA-Factory.
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { parse } from "yaml"
import { openChatTemplate } from "../../../annotators/chat/chat-template.ts"
import type { HandoffManifest } from "../../../schemas/handoff-manifest.ts"
import { version } from "../../runtime/version.ts"
import { checkDatasetInfo } from "./check-dataset-info.ts"
import type { Findings } from "./findings.ts"

/** Digests that the manifest gives twice, and settings of the configs without which a trainer would train something else. */
export async function checkTexts(folder: string, manifest: HandoffManifest, findings: Findings): Promise<void> {
  const listed = new Map(manifest.files.map(({ path, sha256 }) => [path, sha256]))
  const expectListed = (path: string, sha256: string, what: string) => {
    if (listed.get(path) !== sha256)
      findings.add(
        path,
        what,
        `the manifest gives the ${what} the SHA-256 ${sha256}, the file ${listed.get(path) ?? "is not listed"}`,
      )
  }
  expectListed("tokenizer/tokenizer.json", manifest.tokenizer.sha256, "tokenizer")
  expectListed(manifest.template.training, manifest.template.training_sha256, "training template")
  const templates = [...listed].filter(([path]) => path.startsWith("templates/"))
  if (!templates.some(([, sha256]) => sha256 === manifest.template.stock_sha256))
    findings.add("templates", "stock template", `no file has its SHA-256 ${manifest.template.stock_sha256}`)
  await checkNamedTemplates(manifest, findings)
  for (const { config, config_sha256 } of manifest.launch) expectListed(config, config_sha256, "launch config")
  const training = await readFile(join(folder, manifest.template.training), "utf8").catch(() => "")
  for (const { trainer, config } of manifest.launch) {
    const text = await readFile(join(folder, config), "utf8").catch(() => null)
    if (text !== null)
      for (const what of launchFaults(trainer, config, text, { manifest, training }))
        findings.add(config, "launch config", what)
  }
  await checkDatasetInfo(folder, manifest, findings)
}

/** Templates that go by the name of one of ours must be it, as far as this version made the handoff. */
async function checkNamedTemplates({ created_by, files }: HandoffManifest, findings: Findings): Promise<void> {
  if (created_by !== `cotyledon ${version}`) return
  for (const [path, name] of [
    ["templates/qwen3.jinja", "qwen3"],
    ["templates/raw_chatml.jinja", "raw-chatml"],
  ] as const) {
    const listed = files.find((file) => file.path === path)
    const { digest } = await openChatTemplate(name)
    if (listed && listed.sha256 !== digest)
      findings.add(path, "stock template", `it is not the template of that name, SHA-256 ${digest}`)
  }
}

type Settings = Record<string, unknown>

function* launchFaults(
  trainer: string,
  path: string,
  text: string,
  { manifest, training }: { manifest: HandoffManifest; training: string },
): Generator<string> {
  if (!path.endsWith(".yaml")) {
    if (trainer === "ms-swift" && !/--loss_scale last_round\b/.test(text))
      yield "without --loss_scale last_round earlier turns bear loss"
    return
  }
  let settings: Settings
  try {
    settings = (parse(text) ?? {}) as Settings
  } catch (error) {
    return yield `it is no YAML: ${(error as Error).message.split("\n")[0]}`
  }
  const { max_length } = manifest
  const rl = path.includes("grpo")
  if (trainer === "trl" && rl) {
    const kwargs = settings.chat_template_kwargs as Settings | undefined
    if (kwargs?.enable_thinking !== true) yield "all prompts are for thinking: chat_template_kwargs must say so"
  } else if (trainer === "trl") {
    const packed = (settings.dataset_kwargs as Settings | undefined)?.skip_prepare_dataset === true
    if (settings.packing !== false) yield "packing must be off: it would take a packed row for one document"
    if (packed && settings.padding_free !== true) yield "without padding_free the samples of a row see each other"
    if (!packed && settings.completion_only_loss !== true) yield "without completion_only_loss prompts bear loss"
    if (!packed && Number(settings.max_length) < max_length)
      yield `max_length ${settings.max_length} cuts samples of up to ${max_length} tokens`
  } else if (trainer === "llamafactory") {
    if (settings.enable_thinking === false) yield "enable_thinking: false empties every thinking block"
    if (settings.mask_history !== true) yield "without mask_history earlier turns bear loss"
    if (Number(settings.cutoff_len) < max_length)
      yield `cutoff_len ${settings.cutoff_len} cuts samples of up to ${max_length} tokens`
  } else if (trainer === "verl" && !rl) {
    const model = settings.model as Settings | undefined
    const data = settings.data as Settings | undefined
    if (model?.custom_chat_template !== training)
      yield "custom_chat_template is not the training template: the thinking would vanish"
    if (Number(data?.max_length) < max_length)
      yield `max_length ${data?.max_length} is less than the samples' ${max_length} tokens`
  }
}
