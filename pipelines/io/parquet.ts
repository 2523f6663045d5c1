// The door to Parquet files; nothing outside this folder knows which library reads or writes them.
export { openParquet, type ParquetFile, type ParquetRange, type RowRange, readParquet } from "./parquet-read.ts"
export { type ParquetOptions, ParquetSink, type ParquetWritten } from "./parquet-write.ts"
