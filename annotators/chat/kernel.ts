/** Byte-level BPE of text in which nothing is special. */
export interface Kernel {
  /** The ids of a text; lone surrogates count as U+FFFD. The array is the caller's. */
  encode(text: string): Int32Array
}
