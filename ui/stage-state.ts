import type { RunStatus, StageStatus } from "../pipelines/runtime/status.ts"

/** How a stage of a run stands, in one word. */
export type StageState = "done" | "reused" | "running" | "stopped" | "killed" | "waiting"

/** Nothing runs in a run that was stopped or killed: what it had begun there stands as the run does. */
export function stageState({ state }: Pick<RunStatus, "state">, stage: StageStatus): StageState {
  const { done, reused, tasksDone, tasksRunning } = stage
  if (done) return tasksDone > 0 && reused === tasksDone ? "reused" : "done"
  if (state === "stopped" || state === "killed") return tasksDone + tasksRunning > 0 ? state : "waiting"
  return tasksRunning > 0 ? "running" : "waiting"
}
