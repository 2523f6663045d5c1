/** Options that every command has. */
export interface CommonOptions {
  config?: string
  set: string[]
  json: boolean
  quiet: boolean
  color: boolean
  debug: boolean
  workers?: number
}
