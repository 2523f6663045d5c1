/** How a stage is trained: what its launch configs say. All of it can be changed there; none of it changes the data. */
export interface StageTraining {
  readonly learningRate: number
  readonly epochs: number
  /** Samples of one optimiser step. */
  readonly batch: number
  readonly warmupShare: number
  readonly weightDecay: number
  /** Where the figures come from: the report gives none of them. */
  readonly source: string
}

const coldStart: StageTraining = {
  learningRate: 1e-5,
  epochs: 2,
  batch: 64,
  warmupShare: 0.05,
  weightDecay: 1e-4,
  source:
    "learning rate, decay and warm-up of s1 (arXiv 2501.19393); few epochs, because the report wants few steps so that RL keeps room",
}

const modeFusion: StageTraining = {
  learningRate: 1e-5,
  epochs: 2,
  batch: 128,
  warmupShare: 0.05,
  weightDecay: 1e-4,
  source: "as the cold start, with a larger batch for a set of many tasks",
}

const distillation: StageTraining = {
  learningRate: 2e-5,
  epochs: 3,
  batch: 128,
  warmupShare: 0.1,
  weightDecay: 0,
  source: "our default",
}

/** The SFT of a recipe's dataset. */
export const trainingOf = (stage: string): StageTraining =>
  stage === "mode-fusion" ? modeFusion : stage === "distill-off-policy" ? distillation : coldStart

/** Reinforcement learning with GRPO. */
export const rlTraining = {
  learningRate: 1e-6,
  /** Completions of one prompt. */
  rollouts: 8,
  temperature: 1,
  topP: 1,
  /** Prompts of one rollout round; the report wants many. */
  prompts: 128,
  /** Optimiser steps on one round: off-policy steps help, says the report. */
  stepsPerRound: 4,
  /** Weight of the distance to the reference model. */
  beta: 0,
  maxPromptTokens: 2_048,
  source:
    "rollouts and temperature of the recipe; learning rate and no KL term as DAPO (arXiv 2503.14476); the rest our defaults",
} as const
