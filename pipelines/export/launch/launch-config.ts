import type { FamilyModel } from "../family.ts"
import type { StageTraining } from "../stage-training.ts"

/** What the launch configs of a handoff are made from. */
export interface LaunchScene {
  readonly model: FamilyModel
  readonly stage: string
  readonly training: StageTraining
  /** Samples, and rows that they were packed into. */
  readonly samples: number
  readonly packedRows: number
  /** Most tokens of a sample and of a packed row. */
  readonly maxLength: number
  readonly sequenceLength: number
  /** Whether samples have tools. */
  readonly hasTools: boolean
  /** Whether the empty block of samples without thinking bears loss. */
  readonly emptyThinkLoss: boolean
  /** Prompts for RL; 0 where there are none. */
  readonly rlPrompts: number
  /** Files of the messages view and of the prompts, relative to the handoff's folder. */
  readonly messagesFiles: readonly string[]
  readonly rlFiles: readonly string[]
  readonly seed: number
  /** Path of the model's own template, and whether it is the family's, which some trainers have built in. */
  readonly stockTemplate: string
  readonly isFamilyTemplate: boolean
  /** The training template, for trainers that take it inside their config. */
  readonly trainingTemplate: string
  /** Token ids of the stream for Megatron. */
  readonly streamTokens: number
}

/**
 * One config of one trainer. Paths in it are relative to the handoff's folder, in which it is to be started; what it writes goes beside
 * that folder, which must stay as it is.
 */
export interface LaunchConfig {
  readonly trainer: string
  readonly version: string
  readonly path: string
  readonly text: string
  /** Which transformers it was written for; null where the trainer brings none. */
  readonly transformers: string | null
}

/** Optimiser steps of a training, and those of its warm-up. */
export function stepsOf({ samples, training }: LaunchScene): { steps: number; warmup: number } {
  const steps = Math.max(1, Math.ceil(samples / training.batch)) * training.epochs
  return { steps, warmup: Math.ceil(training.warmupShare * steps) }
}

/** How often a device goes over one sample before the optimiser steps. */
export const accumulationOf = ({ model, training }: LaunchScene): number =>
  Math.max(1, Math.round(training.batch / model.accelerators))

/** Lines of a comment that says what a config is for. */
export const comment = (lines: readonly string[], mark = "#"): string =>
  lines.map((line) => `${mark} ${line}\n`).join("")
