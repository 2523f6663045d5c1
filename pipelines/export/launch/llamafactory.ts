import { stringify } from "yaml"
import { accumulationOf, comment, type LaunchConfig, type LaunchScene, stepsOf } from "./launch-config.ts"

const version = "0.9.5"
const transformers = "5.5.4"

/** Name of the dataset in `dataset_info.json`. */
export const llamaFactoryDataset = "cotyledon_sft"

/** `llamafactory-cli train` over the messages view. */
export function llamaFactorySft(scene: LaunchScene): LaunchConfig {
  const { model, training, maxLength, stage, seed } = scene
  const settings = {
    stage: "sft",
    do_train: true,
    finetuning_type: "full",
    model_name_or_path: model.repository,
    dataset_dir: ".",
    dataset: llamaFactoryDataset,
    template: "qwen3",
    mask_history: true,
    cutoff_len: maxLength,
    learning_rate: training.learningRate,
    lr_scheduler_type: "cosine",
    warmup_steps: stepsOf(scene).warmup,
    weight_decay: training.weightDecay,
    num_train_epochs: training.epochs,
    per_device_train_batch_size: 1,
    gradient_accumulation_steps: accumulationOf(scene),
    gradient_checkpointing: true,
    bf16: true,
    seed,
    save_strategy: "epoch",
    output_dir: `../out/llamafactory-${stage}`,
  }
  const head = comment([
    `LLaMA-Factory ${version} with transformers ${transformers} and datasets 4.0.0. In this folder:`,
    "  llamafactory-cli train launch/llamafactory-sft.yaml",
    "enable_thinking must stay unset: the mode is in each row, and false would empty every thinking block. mask_history keeps earlier turns",
    "without loss. The empty block of non-thinking samples bears loss here.",
    `Learning: ${training.source}.`,
  ])
  const text = head + stringify(settings, { lineWidth: 0 })
  return { trainer: "llamafactory", version, path: "launch/llamafactory-sft.yaml", text, transformers }
}

/** LLaMA-Factory's description of the messages view. `files` are its Parquet files, relative to the handoff. */
export function datasetInfo(files: readonly string[]): string {
  const [first = "messages"] = files
  const info = {
    [llamaFactoryDataset]: {
      file_name: files.length === 1 ? first : first.slice(0, first.lastIndexOf("/")),
      formatting: "sharegpt",
      columns: { messages: "messages" },
      tags: {
        role_tag: "role",
        content_tag: "content",
        user_tag: "user",
        assistant_tag: "assistant",
        system_tag: "system",
      },
    },
  }
  return `${JSON.stringify(info, null, 2)}\n`
}
