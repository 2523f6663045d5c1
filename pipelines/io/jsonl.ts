// The door to JSON Lines files, plain, .gz and .zst.
export {
  type Compression,
  type JsonlOptions,
  type Line,
  type Place,
  readJsonl,
  readLines,
  rowOfLine,
  type SourceRow,
} from "./jsonl-read.ts"
export { JsonlSink } from "./jsonl-write.ts"
