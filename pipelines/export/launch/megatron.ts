import { comment, type LaunchConfig, type LaunchScene, stepsOf } from "./launch-config.ts"

const version = "0.16.1"

/** Entries of the checkpoints' embedding: the vocabulary, padded. */
const paddedVocabulary = 151_936

/** Megatron-LM's `pretrain_gpt.py` over the bare token stream. */
export function megatronPretrain(scene: LaunchScene): LaunchConfig {
  const { model, training, sequenceLength, streamTokens, stage, seed } = scene
  const { warmup } = stepsOf(scene)
  // Megatron wants whole micro-batches on every replica.
  const replicas = model.accelerators / model.tensorParallel
  const rowsOfBatch = (training.batch * streamTokens) / Math.max(1, scene.samples) / sequenceLength
  const batch = replicas * Math.max(1, Math.ceil(rowsOfBatch / replicas))
  const steps = Math.max(1, Math.ceil(streamTokens / sequenceLength / batch)) * training.epochs
  const flags = [
    `--num-layers ${model.layers} --hidden-size ${model.hidden} --ffn-hidden-size ${model.feedForward}`,
    `--num-attention-heads ${model.queryHeads} --group-query-attention --num-query-groups ${model.keyValueHeads}`,
    "--kv-channels 128 --qk-layernorm --swiglu --normalization RMSNorm --norm-epsilon 1e-6",
    "--position-embedding-type rope --rotary-base 1000000 --disable-bias-linear",
    ...(model.tied ? [] : ["--untie-embeddings-and-output-weights"]),
    ...(model.experts
      ? [
          `--num-experts ${model.experts.all} --moe-router-topk ${model.experts.active} --moe-ffn-hidden-size ${model.feedForward}`,
          "--moe-router-load-balancing-type global_aux_loss --moe-aux-loss-coeff 1e-3 --moe-grouped-gemm",
          `--expert-model-parallel-size ${Math.min(8, model.accelerators)}`,
        ]
      : []),
    `--make-vocab-size-divisible-by ${paddedVocabulary / model.tensorParallel}`,
    "--tokenizer-type HuggingFaceTokenizer --tokenizer-model tokenizer",
    "--data-path tokens/train --split 1000,0,0",
    `--seq-length ${sequenceLength} --max-position-embeddings ${Math.max(sequenceLength, model.context)}`,
    "--reset-position-ids --reset-attention-mask",
    `--tensor-model-parallel-size ${model.tensorParallel} --use-distributed-optimizer --sequence-parallel`,
    `--micro-batch-size 1 --global-batch-size ${batch} --train-iters ${steps}`,
    `--lr ${training.learningRate} --lr-decay-style cosine --lr-warmup-iters ${Math.min(warmup, Math.max(0, steps - 1))} --weight-decay ${training.weightDecay}`,
    `--bf16 --seed ${seed} --recompute-activations`,
    `--load "\${CHECKPOINT:?a Megatron checkpoint of ${model.repository}}" --finetune --save ../out/megatron-${stage} --save-interval 500`,
  ]
  const head = comment([
    `Megatron-LM with megatron-core ${version}. Anywhere: MEGATRON=/path/to/Megatron-LM CHECKPOINT=... sh launch/megatron-pretrain.sh`,
    "The stream has no labels: GPTDataset shuffles documents, cuts them anew and takes the loss from every token, prompts included. Take it to",
    "go on with pre-training on these texts; take TRL, verl, LLaMA-Factory or ms-swift for the loss on completions alone.",
  ])
  const nodes = Math.ceil(model.accelerators / 8)
  const perNode = Math.min(8, model.accelerators)
  const text = `#!/bin/sh\n${head}set -eu\ncd "$(dirname "$0")/.."\nexec torchrun --nnodes \${NNODES:-${nodes}} --nproc_per_node \${NPROC_PER_NODE:-${perNode}} "\${MEGATRON:?the folder of Megatron-LM}/pretrain_gpt.py" \\\n  ${flags.join(" \\\n  ")} "$@"\n`
  return { trainer: "megatron", version, path: "launch/megatron-pretrain.sh", text, transformers: null }
}
