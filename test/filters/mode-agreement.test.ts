import { expect, it } from "vitest"
import { modeAgreement } from "../../filters/mode-agreement.ts"

const step = modeAgreement()
const row = (user: string, completion: string, enable_thinking: boolean, kwargs: unknown = { enable_thinking }) => ({
  prompt: [{ role: "user", content: user }],
  completion: [{ role: "assistant", content: completion }],
  enable_thinking,
  chat_template_kwargs: kwargs,
})
const thought = "<think>\nSo.\n</think>\n\n4"
const empty = "<think>\n\n</think>\n\n4"

it.each([[row("2+2? /think", thought, true)], [row("2+2?", thought, true)], [row("2+2? /no_think", empty, false)]])(
  "keeps a sample whose block is what its flags ask for",
  (sample) => expect(step.run(sample, new Map())).toBeNull(),
)

it.each([
  ["flag-and-block-differ", row("2+2? /no_think", thought, true)],
  ["flag-and-block-differ", row("2+2? /think", empty, false)],
  ["flag-and-block-differ", row("2+2?", empty, false)],
  ["declared-mode-differs", row("2+2?", thought, false)],
  ["declared-mode-differs", row("2+2? /no_think", empty, true)],
  ["declared-mode-differs", row("2+2?", thought, true, { enable_thinking: false })],
  ["declared-mode-differs", row("2+2?", thought, true, null)],
  ["no-think-block", row("2+2?", "4", true)],
  ["no-think-block", row("2+2?", "<think>\nSo", true)],
])("drops one that breaks it: %s", (reason, sample) => expect(step.run(sample, new Map())).toMatchObject({ reason }))

it.each([
  ["column prompt: expected a list of turns, got null", { ...row("2+2?", thought, true), prompt: null }],
  ["column prompt: expected a list of turns, got nothing", { completion: [], enable_thinking: true }],
  ['column completion: expected a list of turns, got "4"', { ...row("2+2?", thought, true), completion: "4" }],
  [
    "column prompt[0]: expected {role, content}, both text, got null",
    { ...row("2+2?", thought, true), prompt: [null] },
  ],
  [
    'column prompt[0]: expected {role, content}, both text, got {"role":"user","content":null}',
    { ...row("2+2?", thought, true), prompt: [{ role: "user", content: null }] },
  ],
])("says what is no sample: %s", (message, given) => {
  expect(() => step.run(given, new Map())).toThrow(expect.objectContaining({ reason: "bad-row", message }))
})
