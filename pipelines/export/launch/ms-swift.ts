import { accumulationOf, comment, type LaunchConfig, type LaunchScene, stepsOf } from "./launch-config.ts"

const version = "4.6.0"

/** `swift sft` over the messages view. */
export function msSwiftSft(scene: LaunchScene): LaunchConfig {
  const { model, training, maxLength, stage, seed } = scene
  const flags = [
    `--model ${model.repository}`,
    "--template qwen3",
    "--dataset messages/*.parquet",
    "--loss_scale last_round",
    "--tuner_type full",
    "--torch_dtype bfloat16",
    `--max_length ${maxLength}`,
    "--truncation_strategy raise",
    `--learning_rate ${training.learningRate}`,
    "--lr_scheduler_type cosine",
    `--warmup_steps ${stepsOf(scene).warmup}`,
    `--weight_decay ${training.weightDecay}`,
    `--num_train_epochs ${training.epochs}`,
    "--per_device_train_batch_size 1",
    `--gradient_accumulation_steps ${accumulationOf(scene)}`,
    "--gradient_checkpointing true",
    "--split_dataset_ratio 0",
    `--seed ${seed}`,
    "--save_strategy epoch",
    `--output_dir ../out/ms-swift-${stage}`,
  ]
  const head = comment([
    `ms-swift ${version} with datasets 4.8.4. Anywhere: sh launch/ms-swift-sft.sh`,
    "loss_scale last_round takes the loss from the last turn alone; by default every turn bears loss and an empty think block enters every",
    "turn of the history.",
    "The empty block of non-thinking samples bears loss here.",
    `Learning: ${training.source}.`,
  ])
  const text = `#!/bin/sh\n${head}set -eu\ncd "$(dirname "$0")/.."\nNPROC_PER_NODE=\${NPROC_PER_NODE:-${Math.min(8, model.accelerators)}} exec swift sft \\\n  ${flags.join(" \\\n  ")} "$@"\n`
  return { trainer: "ms-swift", version, path: "launch/ms-swift-sft.sh", text, transformers: "<5.20.0" }
}
