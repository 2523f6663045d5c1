// What a tokenizer.json must say beside its vocabulary, so that ours gives the same ids. Anything else is another kind of tokenizer.
import { usageError } from "../../pipelines/runtime/errors.ts"

/** A token that is found in text before the model sees it, as in the file. */
export interface AddedToken {
  id: number
  content: string
  /** Only where no letter, digit, mark or underscore stands before or after it. */
  single_word: boolean
  /** Takes the white space before it. */
  lstrip: boolean
  /** Takes the white space after it. */
  rstrip: boolean
  /** Looked for in the normalised text. */
  normalized: boolean
  /** Left out by `skipSpecial`. */
  special: boolean
}

/** How the Qwen family cuts text into words. */
export const wordPattern =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

type Json = Readonly<Record<string, unknown>>

/** A value of the file and where it stands there. */
interface Place {
  file: string
  key: string
  value: unknown
}

const refuse = ({ file, key, value }: Place, expected: string): never => {
  throw usageError({
    what: "This tokenizer is of another kind",
    where: `${file}, ${key}`,
    expected,
    got: value === undefined ? "nothing" : JSON.stringify(value),
    remedy: "Byte-level BPE of the Qwen family is what is read.",
  })
}

const at = ({ file, key, value }: Place, member: string | number): Place => ({
  file,
  key: typeof member === "number" ? `${key}[${member}]` : key === "" ? member : `${key}.${member}`,
  value: isObject(value) || Array.isArray(value) ? (value as Json)[member] : undefined,
})

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

/** Refuses a value that is none of `allowed`. */
function expectOneOf(place: Place, allowed: readonly unknown[]): void {
  const shown = allowed.filter((value) => value !== undefined).map((value) => JSON.stringify(value))
  if (!allowed.includes(place.value)) refuse(place, shown.join(" or "))
}

/** Checks the whole file but `model.vocab` and `model.merges`. Throws a usageError that names the key, expected and got. */
export function checkSettings(file: string, settings: unknown): void {
  const top: Place = { file, key: "", value: settings }
  const model = at(top, "model")
  if (!isObject(model.value)) refuse({ ...model, value: kindOf(model.value) }, "an object")
  expectOneOf(at(model, "type"), ["BPE"])
  expectOneOf(at(top, "version"), ["1.0", undefined])
  expectOneOf(at(top, "truncation"), [null, undefined])
  expectOneOf(at(top, "padding"), [null, undefined])
  checkNormalizer(at(top, "normalizer"))
  checkPreTokenizer(at(top, "pre_tokenizer"))
  if (at(top, "post_processor").value != null) expectOneOf(at(at(top, "post_processor"), "type"), ["ByteLevel"])
  expectOneOf(at(at(top, "decoder"), "type"), ["ByteLevel"])
  expectOneOf(at(model, "dropout"), [null, undefined])
  expectOneOf(at(model, "continuing_subword_prefix"), ["", null, undefined])
  expectOneOf(at(model, "end_of_word_suffix"), ["", null, undefined])
  expectOneOf(at(model, "byte_fallback"), [false, null, undefined])
  expectOneOf(at(model, "ignore_merges"), [false, null, undefined])
}

function checkNormalizer(normalizer: Place): void {
  const steps = at(normalizer, "normalizers")
  const alone = Array.isArray(steps.value) && steps.value.length === 1 && at(normalizer, "type").value === "Sequence"
  expectOneOf(at(alone ? at(steps, 0) : normalizer, "type"), ["NFC"])
}

function checkPreTokenizer(preTokenizer: Place): void {
  expectOneOf(at(preTokenizer, "type"), ["Sequence"])
  const steps = at(preTokenizer, "pretokenizers")
  const types = Array.isArray(steps.value) ? steps.value.map((step) => (isObject(step) ? step.type : null)) : []
  if (types.join() !== "Split,ByteLevel") refuse({ ...steps, value: types }, '["Split","ByteLevel"]')
  const [split, byteLevel] = [at(steps, 0), at(steps, 1)]
  expectOneOf(at(at(split, "pattern"), "Regex"), [wordPattern])
  expectOneOf(at(split, "behavior"), ["Isolated"])
  expectOneOf(at(split, "invert"), [false, undefined])
  expectOneOf(at(byteLevel, "add_prefix_space"), [false])
  expectOneOf(at(byteLevel, "use_regex"), [false])
}

/** The added tokens of the file. Throws a usageError for a list that is none. */
export function addedTokensOf(file: string, settings: unknown): AddedToken[] {
  const list = at({ file, key: "", value: settings }, "added_tokens")
  if (list.value == null) return []
  if (!Array.isArray(list.value)) return refuse({ ...list, value: kindOf(list.value) }, "a list")
  const tokens = list.value.map((_, index) => addedTokenOf(at(list, index)))
  const contents = new Set<string>()
  for (const [index, { content }] of tokens.entries()) {
    if (contents.has(content)) refuse(at(at(list, index), "content"), "each added token once")
    contents.add(content)
  }
  return tokens
}

function addedTokenOf(token: Place): AddedToken {
  if (!isObject(token.value)) refuse({ ...token, value: kindOf(token.value) }, "an object")
  const flag = (name: string): boolean => {
    const place = at(token, name)
    return typeof place.value === "boolean" ? place.value : refuse(place, "true or false")
  }
  const id = at(token, "id")
  const content = at(token, "content")
  if (!Number.isSafeInteger(id.value) || (id.value as number) < 0) refuse(id, "a whole number of 0 or more")
  if (typeof content.value !== "string" || content.value === "" || !content.value.isWellFormed())
    refuse(content, "text of one character or more, without lone surrogates")
  return {
    id: id.value as number,
    content: content.value as string,
    single_word: flag("single_word"),
    lstrip: flag("lstrip"),
    rstrip: flag("rstrip"),
    normalized: flag("normalized"),
    special: flag("special"),
  }
}

const kindOf = (value: unknown): unknown =>
  Array.isArray(value) ? "a list" : typeof value === "object" && value !== null ? "an object" : value
