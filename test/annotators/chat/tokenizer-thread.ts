import { openTokenizer } from "../../../annotators/chat/open-tokenizer.ts"
import { workInThread } from "../../../pipelines/runtime/thread-work.ts"

await workInThread<null, string, Int32Array>(async () => {
  const tokenizer = await openTokenizer()
  return (text) => tokenizer.encodeMarkup(text)
})
