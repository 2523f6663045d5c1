import { flag, list, type RowOf, table, text } from "./columns.ts"
import { message } from "./sample.ts"

/**
 * The messages view of F3: prompt and completion in one list, for trainers that take the loss from the last assistant turn. Tools stand
 * in the system message, because a column of that name stops some loaders.
 */
export const messagesRow = table("messages", { id: text(), messages: list(message), enable_thinking: flag() })
export type MessagesRow = RowOf<typeof messagesRow>
