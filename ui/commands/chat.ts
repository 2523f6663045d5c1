import { openChatTemplate } from "../../annotators/chat/chat-template.ts"
import { checkConversation } from "../../annotators/chat/check-conversation.ts"
import { parseResponse } from "../../annotators/chat/parse-response.ts"
import { conversationOf } from "../../annotators/chat/read-conversation.ts"
import { renderConversation } from "../../annotators/chat/render-conversation.ts"
import { RowError, usageError } from "../../pipelines/runtime/errors.ts"
import type { Row } from "../../pipelines/runtime/step.ts"
import { flag, nullable, text } from "../../schemas/columns.ts"
import { overRows, type RowWork } from "../chat/chat-rows.ts"
import type { CommonOptions } from "../options.ts"

export interface ChatOptions extends CommonOptions {
  template?: string
  date?: string
  unchecked: boolean
  column?: string
}

/** `cotyledon chat render IN OUT` and `cotyledon chat parse IN OUT`. */
export async function chat(action: string, input: string, output: string, options: ChatOptions): Promise<void> {
  if (action === "render") return overRows(await rendering(options), input, output, options)
  if (action === "parse") return overRows(parsing(options), input, output, options)
  throw usageError({ what: "Unknown chat command", expected: "render or parse", got: action })
}

async function rendering({ template: name, date, unchecked, column }: ChatOptions): Promise<RowWork> {
  if (column !== undefined)
    throw usageError({ what: "--column belongs to chat parse", remedy: "chat render reads messages." })
  if (date !== undefined && Number.isNaN(Date.parse(`${date}T00:00:00Z`)))
    throw usageError({ what: "Cannot read --date", expected: "a day such as 2026-01-31", got: date })
  const template = await openChatTemplate(name, { date })
  const stock = name === undefined || template.digest === (await openChatTemplate()).digest
  const render = stock ? renderConversation : template.render
  return {
    command: "chat render",
    adds: { text: text() },
    run(row) {
      const conversation = conversationOf(row)
      if (!unchecked) checkConversation(conversation, template.control)
      return { text: render(conversation) }
    },
  }
}

function parsing({ template, date, column = "text" }: ChatOptions): RowWork {
  if (template !== undefined || date !== undefined)
    throw usageError({ what: "--template and --date belong to chat render", remedy: "chat parse reads think tags." })
  return {
    command: "chat parse",
    adds: { thinking: nullable(text()), answer: nullable(text()), complete: flag() },
    run: (row: Row) => {
      const { [column]: given } = row
      if (typeof given === "string") return { ...parseResponse(given.toWellFormed()) }
      const got = given === undefined ? "nothing" : given === null ? "null" : typeof given
      throw new RowError("bad-row", `column ${column}: expected text, got ${got}`)
    },
  }
}
