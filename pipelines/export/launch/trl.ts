import { stringify } from "yaml"
import { rlTraining } from "../stage-training.ts"
import { accumulationOf, comment, type LaunchConfig, type LaunchScene, stepsOf } from "./launch-config.ts"

const version = "1.16.0"
const transformers = "5.23.0"

/** `trl sft` over prompts and completions. */
export function trlSft(scene: LaunchScene): LaunchConfig {
  const { model, training, maxLength, hasTools, emptyThinkLoss, stage, seed } = scene
  const settings = {
    model_name_or_path: model.repository,
    chat_template_path: scene.stockTemplate,
    eos_token: "<|im_end|>",
    pad_token: "<|endoftext|>",
    datasets: [
      {
        path: "parquet",
        data_files: "sft/*.parquet",
        columns: ["prompt", "completion", "chat_template_kwargs", ...(hasTools ? ["tools"] : [])],
      },
    ],
    completion_only_loss: true,
    packing: false,
    max_length: maxLength,
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
    output_dir: `../out/trl-${stage}`,
  }
  const head = comment([
    `TRL ${version} with transformers ${transformers} and datasets 5.2.0. In this folder:`,
    "  accelerate launch -m trl.scripts.sft --config launch/trl-sft.yaml      (or: trl sft --config launch/trl-sft.yaml)",
    emptyThinkLoss
      ? "chat_template_kwargs ask for thinking in every row: so the empty block of a non-thinking sample bears loss. Compare the rows that the"
      : "chat_template_kwargs go with each row: the empty block of a non-thinking sample bears no loss. Compare the rows that the trainer",
    `${emptyThinkLoss ? "trainer " : ""}prepared with manifest.json: it drops rows that truncation leaves without loss, and says nothing.`,
    `Learning: ${training.source}.`,
  ])
  return {
    trainer: "trl",
    version,
    path: "launch/trl-sft.yaml",
    text: head + stringify(settings, { lineWidth: 0 }),
    transformers,
  }
}

/** `trl sft` over rows that are packed and tokenised already. */
export function trlPacked(scene: LaunchScene): LaunchConfig {
  const { model, training, packedRows, stage, seed } = scene
  const perRow = Math.max(1, scene.samples / Math.max(1, packedRows))
  const batch = Math.max(1, Math.round(training.batch / perRow))
  const settings = {
    model_name_or_path: model.repository,
    eos_token: "<|im_end|>",
    pad_token: "<|endoftext|>",
    datasets: [{ path: "parquet", data_files: "packed/*.parquet" }],
    dataset_kwargs: { skip_prepare_dataset: true },
    padding_free: true,
    packing: false,
    max_length: null,
    learning_rate: training.learningRate,
    lr_scheduler_type: "cosine",
    warmup_steps: Math.ceil(training.warmupShare * training.epochs * Math.ceil(packedRows / batch)),
    weight_decay: training.weightDecay,
    num_train_epochs: training.epochs,
    per_device_train_batch_size: 1,
    gradient_accumulation_steps: Math.max(1, Math.round(batch / model.accelerators)),
    gradient_checkpointing: true,
    bf16: true,
    attn_implementation: "flash_attention_2",
    seed,
    save_strategy: "epoch",
    output_dir: `../out/trl-packed-${stage}`,
  }
  const head = comment([
    `TRL ${version} with transformers ${transformers} over packed rows. In this folder: trl sft --config launch/trl-packed.yaml`,
    "The rows are tokens already: packing must stay off, which would take each row for one document; padding_free resets positions at",
    "seq_lengths, so that samples of one row do not see each other.",
  ])
  return {
    trainer: "trl",
    version,
    path: "launch/trl-packed.yaml",
    text: head + stringify(settings, { lineWidth: 0 }),
    transformers,
  }
}

/** `trl grpo` with our verifiers as the reward. */
export function trlGrpo(scene: LaunchScene): LaunchConfig {
  const { model, stage, maxLength, seed } = scene
  const { prompts, rollouts, stepsPerRound } = rlTraining
  const completions = (prompts * rollouts) / stepsPerRound
  const settings = {
    model_name_or_path: `../out/trl-${stage}`,
    datasets: [{ path: "parquet", data_files: "rl/*.parquet" }],
    reward_funcs: ["rewards.cotyledon_rewards.reward"],
    chat_template_kwargs: { enable_thinking: true },
    num_generations: rollouts,
    temperature: rlTraining.temperature,
    top_p: rlTraining.topP,
    max_completion_length: maxLength,
    steps_per_generation: stepsPerRound * Math.max(1, Math.round(completions / model.accelerators)),
    learning_rate: rlTraining.learningRate,
    lr_scheduler_type: "constant",
    beta: rlTraining.beta,
    per_device_train_batch_size: 1,
    gradient_accumulation_steps: Math.max(1, Math.round(completions / model.accelerators)),
    gradient_checkpointing: true,
    bf16: true,
    use_vllm: true,
    vllm_mode: "colocate",
    seed,
    save_steps: 20,
    output_dir: `../out/trl-grpo-${stage}`,
  }
  const head = comment([
    `TRL ${version} with transformers ${transformers}. In this folder: trl grpo --config launch/trl-grpo.yaml`,
    "model_name_or_path is the checkpoint of the SFT. chat_template_kwargs are global here: all prompts are to be answered with",
    "thinking. The reward calls `cotyledon verify` (see rewards/cotyledon_rewards.py) and is None where nothing can be verified.",
    `Learning: ${rlTraining.source}.`,
  ])
  return {
    trainer: "trl",
    version,
    path: "launch/trl-grpo.yaml",
    text: head + stringify(settings, { lineWidth: 0 }),
    transformers,
  }
}
