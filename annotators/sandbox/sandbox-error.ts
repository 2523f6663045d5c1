/** No sandbox could be started: nothing was run and nothing is known about the program. The message is one line for the user. */
export class SandboxError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = "SandboxError"
  }
}
