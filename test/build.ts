import { execFileSync } from "node:child_process"

/** Builds `dist` once, before any test that starts the command in a process of its own. */
export default function build(): void {
  execFileSync("npm", ["run", "--silent", "build"], { stdio: "inherit" })
}
