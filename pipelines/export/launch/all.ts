import type { LaunchConfig, LaunchScene } from "./launch-config.ts"
import { llamaFactorySft } from "./llamafactory.ts"
import { megatronPretrain } from "./megatron.ts"
import { msSwiftSft } from "./ms-swift.ts"
import { trlGrpo, trlPacked, trlSft } from "./trl.ts"
import { verlGrpo, verlSft } from "./verl.ts"

/**
 * The launch configs of a handoff; those of RL only where there are prompts, and those of trainers that render by a template of their own only
 * where it is the handoff's too.
 */
export const launchConfigs = (scene: LaunchScene): LaunchConfig[] =>
  [
    trlSft,
    trlPacked,
    verlSft,
    ...(scene.isFamilyTemplate ? [llamaFactorySft, msSwiftSft] : []),
    megatronPretrain,
    ...(scene.rlPrompts > 0 ? [trlGrpo, verlGrpo] : []),
  ].map((config) => config(scene))
