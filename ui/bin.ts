#!/usr/bin/env -S node --max-semi-space-size=8 --heap-growing-percent=120
// With thousands of answers in flight V8 left to itself collects late: 635 MB where these options need 460, for a fifth more CPU
// (test/bench/endpoint.ts). They cannot be set once Node runs.
//
// Runs on any Node, to say so clearly when it is too old: nothing newer than Node 16 above the check.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < 22 || (major === 22 && minor < 15)) {
  process.stderr.write(
    `cotyledon needs Node 22.15 or newer, got ${process.versions.node} (${process.execPath})\n` +
      "Inside a project that has it as a package, `npx cotyledon` finds it: npm install --save-dev node@24\n",
  )
  process.exit(2)
}
const { main } = await import("./cli.ts")
await main(process.argv.slice(2))

export {}
