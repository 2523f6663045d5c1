import type { SandboxEnd } from "./sandbox.ts"

const signalNames: Readonly<Record<number, string>> = {
  4: "illegal instruction",
  6: "abort",
  8: "floating-point exception",
  9: "killed",
  11: "segmentation fault",
  24: "CPU time limit",
  25: "file size limit",
}

/** SIGXCPU: the limit on CPU time. */
export const cpuLimitSignal = 24

/** How a process ended, in words. */
export const endText = ({ code, signal }: SandboxEnd): string =>
  signal === null
    ? code === null
      ? "could not be started"
      : `ended with exit code ${code}`
    : `was ended by signal ${signal} (${signalNames[signal] ?? "signal"})`
