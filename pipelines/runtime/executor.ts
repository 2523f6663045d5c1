/** One task of a run, as `work` takes it. */
export interface TaskName {
  run: string
  stage: string
  index: number
}

/** Where tasks run besides this process. It holds no pipeline logic: it hands `work RUN STAGE TASK` to something that runs commands. */
export interface Executor {
  /**
   * Resolves when the task's command ended well; rejects with what it said otherwise, and with the signal's reason when that is
   * aborted. `admitted` is called when a further task may be handed over.
   */
  run(task: TaskName, signal: AbortSignal, admitted: () => void): Promise<void>
}
