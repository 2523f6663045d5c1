import { stringify } from "yaml"
import { rlTraining } from "../stage-training.ts"
import { comment, type LaunchConfig, type LaunchScene } from "./launch-config.ts"

const version = "0.9.1"
const transformers = "5.5.4"

/** verl's SFT over the messages view, with the raw ChatML template. */
export function verlSft(scene: LaunchScene): LaunchConfig {
  const { model, training, maxLength, stage, seed, trainingTemplate, stockTemplate, messagesFiles } = scene
  const settings = {
    defaults: ["sft_trainer_engine", "_self_"],
    data: {
      train_files: messagesFiles,
      messages_key: "messages",
      enable_thinking_key: "enable_thinking",
      max_length: maxLength,
      truncation: "error",
      pad_mode: "no_padding",
      use_dynamic_bsz: true,
      max_token_len_per_gpu: maxLength,
      train_batch_size: training.batch,
    },
    model: {
      path: model.repository,
      tokenizer_path: "tokenizer",
      enable_gradient_checkpointing: true,
      use_remove_padding: true,
      custom_chat_template: trainingTemplate,
    },
    optim: {
      lr: training.learningRate,
      lr_warmup_steps_ratio: training.warmupShare,
      weight_decay: training.weightDecay,
      lr_scheduler_type: "cosine",
    },
    trainer: {
      total_epochs: training.epochs,
      project_name: "cotyledon",
      experiment_name: stage,
      default_local_dir: `../out/verl-${stage}`,
      n_gpus_per_node: Math.min(8, model.accelerators),
      nnodes: Math.ceil(model.accelerators / 8),
      logger: ["console"],
      seed,
    },
  }
  const head = comment([
    `verl ${version} with transformers ${transformers} and datasets 4.0.0. In this folder:`,
    `  torchrun --nproc_per_node=${Math.min(8, model.accelerators)} -m verl.trainer.sft_trainer --config-dir "$PWD/launch" --config-name verl-sft`,
    ...(scene.isFamilyTemplate
      ? [
          "verl renders each message alone: with the family's own template the thinking would vanish. So it trains with the raw ChatML template;",
          `put ${stockTemplate} back on the checkpoint (chat_template.jinja) before it is served. All assistant turns bear loss here, and`,
        ]
      : [
          "verl renders each message alone: compare what it prepares with the probes (Handoff.compare of verify_handoff.py), since this template",
          "may render a list of messages otherwise. All assistant turns bear loss here, and",
        ]),
    "so does the empty block of non-thinking samples.",
    `Learning: ${training.source}.`,
  ])
  return {
    trainer: "verl",
    version,
    path: "launch/verl-sft.yaml",
    text: head + stringify(settings, { lineWidth: 0 }),
    transformers,
  }
}

/** verl's GRPO with our verifiers as the reward. */
export function verlGrpo({ model, stage, maxLength, seed, rlFiles, stockTemplate }: LaunchScene): LaunchConfig {
  const { prompts, rollouts, stepsPerRound, maxPromptTokens } = rlTraining
  const settings = {
    defaults: ["ppo_trainer", "_self_"],
    algorithm: { adv_estimator: "grpo", use_kl_in_reward: false },
    data: {
      train_files: rlFiles,
      val_files: rlFiles,
      prompt_key: "prompt",
      reward_fn_key: "data_source",
      max_prompt_length: maxPromptTokens,
      max_response_length: maxLength,
      filter_overlong_prompts: true,
      truncation: "error",
      train_batch_size: prompts,
      apply_chat_template_kwargs: { enable_thinking: true },
      seed,
    },
    actor_rollout_ref: {
      model: { path: `../out/verl-${stage}`, tokenizer_path: "tokenizer", enable_gradient_checkpointing: true },
      actor: {
        optim: { lr: rlTraining.learningRate },
        ppo_mini_batch_size: prompts / stepsPerRound,
        use_dynamic_bsz: true,
        ppo_max_token_len_per_gpu: maxPromptTokens + maxLength,
        use_kl_loss: false,
      },
      rollout: {
        name: "vllm",
        n: rollouts,
        temperature: rlTraining.temperature,
        top_p: rlTraining.topP,
        tensor_model_parallel_size: model.tensorParallel,
      },
    },
    reward: {
      custom_reward_function: { path: "rewards/cotyledon_rewards.py", name: "compute_score" },
    },
    trainer: {
      project_name: "cotyledon",
      experiment_name: `grpo-${stage}`,
      default_local_dir: `../out/verl-grpo-${stage}`,
      n_gpus_per_node: Math.min(8, model.accelerators),
      nnodes: Math.ceil(model.accelerators / 8),
      logger: ["console"],
      save_freq: 20,
      test_freq: -1,
      val_before_train: false,
      total_epochs: 1,
    },
  }
  const head = comment([
    `verl ${version} with transformers ${transformers} and datasets 4.0.0. In this folder:`,
    '  python -m verl.trainer.main_ppo --config-dir "$PWD/launch" --config-name verl-grpo',
    `The model is the checkpoint of the SFT, with ${stockTemplate} back on it: its template counts in the rollouts. Template arguments`,
    "are global in verl: all prompts are to be answered with thinking.",
    `Learning: ${rlTraining.source}.`,
  ])
  return {
    trainer: "verl",
    version,
    path: "launch/verl-grpo.yaml",
    text: head + stringify(settings, { lineWidth: 0 }),
    transformers,
  }
}
