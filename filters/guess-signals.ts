// What in a chain of thought speaks for a guess: words that admit one, words that give up, an answer that no step derives, and no step
// at all. English and Chinese; what the question itself is about (a guessing game) is no sign.
import { questionText } from "../annotators/solving-prompt.ts"
import type { Verifiable } from "../annotators/verify-answer.ts"
import { type FinalAnswer, finalAnswerOf } from "./final-answer.ts"
import type { Response } from "./response.ts"
import type { Span } from "./span.ts"
import { statementsOf } from "./statements.ts"

/** What speaks for a guess. */
export type GuessKind = "guess" | "picked" | "given-up" | "hedged" | "no-step" | "not-derived"

export interface GuessSignal {
  readonly kind: GuessKind
  /** Where it stands in the thinking; null for what is missing there. */
  readonly span: Span | null
}

/** How strongly all signals together speak for a guess, from 0 to 1, and what they are. */
export interface GuessReading {
  readonly score: number
  readonly signals: readonly GuessSignal[]
  /** The answer that was looked for in the thinking; null where there is none that could be. */
  readonly answer: string | null
}

// "I'll just guess", "take a wild guess", "my best guess", "randomly choose", "go with my gut", "eeny, meeny".
const admitted =
  /\b(?:i(?:['’]ll| will| would|['’]d| must| can only| have to| could only)(?: \w+ly| just| now| have to| only){0,2} guess|i(?: can)? (?:just|simply|only|merely) guess|(?:take|make|hazard|venture) an? (?:(?:wild|random|lucky|blind|pure|educated|quick|rough) )?(?:guess|stab)|let(?: me|['’]s| us)(?: just| simply)? (?:take a )?guess|(?:just|only|merely|purely|is|was|as) an? (?:(?:wild|pure|random|blind|mere|lucky|total|complete) )?guess\b(?! and)|my (?:best |wild |final |only |first )?guess(?:es)?(?: here)? (?:is|would be|was)\b|my (?:best |wild )?guess:|(?:wild|random|blind|pure|lucky) (?:guess|choice|pick|stab)\b|guess(?:ing)? (?:the answer|that (?:the answer|it) is|it['’]?s|it is)|with (?:that|this|my|a) guess|(?:randomly|blindly) (?:pick|choose|chose|select|guess)|(?:pick|choose|select|guess|pick one|choose one) (?:one )?(?:randomly|at random|blindly)|my gut|gut feeling|(?:have|on) an? (?:feeling|hunch)|eeny|shot in the dark|something plausible|no (?:real|good) (?:argument|reason) for|(?:toss|flip)(?:ing)? a coin and|when in doubt|(?:i['’]ll|i will|let me|let['’]s|can|could|should) (?:just |simply )(?:pick|choose|go with|say|put|answer)\b|just throwing out|no particular reason|out of (?:the blue|thin air)|off the top of my head|throw(?:ing)? a dart|my instinct|(?:best|good|nice) vibe|fingers crossed|hope for the best|(?:i|i['’]d|i['’]ll) bet\b|who knows|close my eyes|without working it out|mental coin|(?:i['’]ll|i will) (?:just |simply )?(?:pick|choose|go with|say|put) \S{1,16} and (?:move on|hope)|without (?:any )?(?:calculation|calculating|reasoning|working))/gi
const admittedChinese =
  /(?:瞎|乱|盲|随便|随机|胡乱|只能|只好|就|干脆|直接|我)猜(?!想|谜|中|对|拳|数)|猜(?:一个|一下|个|测答案|答案|[是为]?[A-Z\d])|我猜(?!想)|凭(?:感觉|直觉|运气|印象)|随(?:便|机|意)(?:写|选|填|挑|蒙|说|给)|瞎(?:蒙|写|选|编)|蒙(?:一个|一下|个|的|[A-Z\d])|直接蒙|没有?(?:细|仔细)算|懒得算|赌(?:一把|一下|它|\d)|闭着?眼睛?(?:选|写|填|猜)|估摸着?|抽签|点兵点将|看着顺眼|第六感|不会就选|就选[A-Z]吧|碰(?:碰)?运气|拍脑袋|三长一短/g
/** In front of an admission these turn it around. */
const denied =
  /(?:\bnot|n['’]t|instead of|rather than|without|avoid|no need to|never|no need for|only to|if (?:i|we)|suppose(?: that)?|going to|tempted to|wanted to|别|不能|不要|不是|不必|不用|避免|而不是|不能随便|不可|不应该?)[\s\w]{0,12}$/i
/** Of questions about guesses and chance, these words are no signs. */
const guessTopic = /guess|random|probabilit|chance|\bcoin|\bdice|猜|随机|概率|硬币|骰/i
const topicWords = /guess|random|coin|lucky|猜|随机/i

const givenUp =
  /\b(?:no idea|(?:do not|don['’]t) (?:really )?(?:know|see|understand|remember|recall)|(?:can(?:no|['’])t|cannot|could not|couldn['’]t) (?:really )?(?:see|figure|work (?:it|this|out)|tell|solve|determine|make sense|say why|recall)|unable to|give up|giving up|too (?:hard|many|complicated|difficult)|confus(?:ing|ed)|stuck|(?:no|out of|little) time|makes no sense|not sure|unsure|(?:can['’]t|cannot) decide|no clue|i forget|(?:have )?forgot(?:ten)?|never (?:know|remember|could|can)|trips? me up|annoying|tedious|too much work|ring a bell|is impossible|(?:do not|don['’]t) have a calculator|never paid attention|never learned|none of (?:these|the choices|them) (?:ring|look))\b|不会做|不知道|没有?思路|没有?头绪|想不出|算不出|解不出|做不出|不太?了解|不太?懂|不太?清楚|放弃|没时间|太麻烦|懒得|看不太?懂|看不出来|不擅长|记不清|记不得|忘了|分不清|太绕/gi
const hedge =
  /\b(?:probably|perhaps|maybe|might be|could be|may be|likely|seems?|sounds? (?:good|right|plausible)|feels? (?:like|right)|looks like|i['’]d say|i hope|or so|something like|plausible|close to|intuitively|sounds? about right|(?:most )?familiar|nice ring|i like|decent shot|odd one out|i suppose|rings a bell|settle (?:on|for)|somewhere around|(?:typically|usually|often|generally)(?: \w+){0,3} (?:are|is|have|has|come|end|give)|like (?:this|these) (?:usually|often|typically))\b|大概|可能|也许|或许|估计|看起来|差不多|吧(?=[。！!]?$)|左右|好像|印象[里中]|感觉|就它了|好了(?=[。！!]?$)|概率大|反正|多半/i
const picks =
  /\b(?:i['’]?ll|i will|i['’]?m going to|let me|let['’]?s|so i|i) (?:(?:just|simply) )?(?:say|put|go with|pick|choose|take|answer|settle (?:on|for))\b|\b(?:going with|answering|settling (?:on|for))\b|就?(?:写|选|填|答)(?=\s*[A-Z\d])/i
const question = /[?？][\s"”')）]*$/
// A statement that says the answer and nothing else has these words alone.
const saying =
  /\b(?:so|then|thus|hence|therefore|okay|ok|alright|well|hmm|yes|the|final|correct|right|answer|answers|result|option|choice|is|be|are|must|should|would|will|it|that|this|as|i['’]?ll|i|go|going|with|pick|choose|say|take|put|give|let['’]?s|me|my|we|get|a|an|of|to|in|for|and|boxed|text)\b|所以|因此|那么|答案|最终|结果|是|为|应该|选|就|写|了|个|好的|故/gi
const announcing =
  /^(?:okay|ok|alright|all right|well|hmm+|so|now|first|let me|let['’]s|let us|i need to|i have to|i will|i['’]ll|i should|we need to|the (?:question|problem)|this (?:question|problem)|there (?:are|is)|好的|好|让我|我来|我先|我们|首先|这道?题|题目)/i
const step =
  /\d\s{0,3}(?:%|[a-z]{0,3}\^?)?\s{0,3}(?:[-+*/×÷·⋅−^]|\\(?:times|cdot|div|frac|pmod)|mod\b|plus\b|times\b|minus\b|divided\b|multiplied\b|[加减乘除])\s*[\d(\\a-z一二三四五六七八九十]|[=≡≈]\s*[-−(\\$a-z\d]|\\frac|\\sqrt|\\sum|\\int/i
const connective =
  /\b(?:so|hence|thus|therefore|since|because|means?|implies|leaves?|gives?|must be|follows?|which is|makes?|equals?|is equal)\b|因为|所以|因此|由于|得|即|也就是|剩|故|等于/i
const ground = /\b(?:because|since|means?|implies|as)\b|因为|由于|说明|意味着|即/i
const equals = /[=≈≡]|\bequals?\b|\bis equal to\b|\\approx|等于/i

/** Words that carry nothing of their own. */
const idle = new Set(
  "a an the is are was were be been to of and or in on at it its this that these those so i me my let lets us we you your need find answer should will would could can okay ok hmm well wait think about problem question careful carefully step by number numbers here there have has had do does not no yes if as for with from but then than now all some what how many much which who just go get say see try know they them look solve calculate find out work talks talk given".split(
    " ",
  ),
)
const idleHan = new Set("的了是在我们来看一下这道题答案所以需要求好先再就吧有个那么让做想很不会还多少几什么哪")

/** Words of substance that a thought has at least, from which it is one for sure, and from which it is a long one. */
const thought = { least: 3, enough: 6, long: 48 }
/** Statements at the end in which a doubt is about the answer. */
const lastStatements = 3
/** A thinking of so few statements is all about the answer. */
const shortThinking = 8

/** What is known of the whole when a statement is looked at. */
interface Context {
  /** Words of the question. */
  readonly known: ReadonlySet<string>
  readonly mention: RegExp | null
}

/** One statement of a thinking; what is costly is looked at when it is asked for. */
class Statement {
  readonly span: Span
  readonly text: string
  readonly givesUp: boolean
  /** It has the answer. */
  readonly mentions: boolean
  readonly #admits: boolean
  readonly #context: Context
  #step: boolean | undefined
  #words: number | undefined

  constructor(
    span: Span,
    text: string,
    marks: { admits: boolean; givesUp: boolean; mentions: boolean },
    context: Context,
  ) {
    this.span = span
    this.text = text
    this.givesUp = marks.givesUp
    this.mentions = marks.mentions
    this.#admits = marks.admits
    this.#context = context
  }

  /** It calculates. */
  get step(): boolean {
    this.#step ??= step.test(this.text)
    return this.#step
  }

  /** Words of its own: not the question's, not idle. */
  get words(): number {
    this.#words ??= this.#countWords()
    return this.#words
  }

  get admits(): boolean {
    return this.#admits && !this.#calculatesResult
  }

  get hedged(): boolean {
    if (!question.test(this.text) && !hedge.test(this.text)) return false
    // "Hans could be checked into 100 - 10 = 90 rooms" is a result.
    if (this.#calculatesResult) return false
    return question.test(this.text) || this.#isHedgedAtAnswer()
  }

  get picks(): boolean {
    return picks.test(this.text) && !this.#calculatesResult
  }

  /** It has a number beside the answer. */
  get counts(): boolean {
    return numeral.test(this.#withoutAnswer)
  }

  /** It says the answer and nothing else. */
  get bare(): boolean {
    if (!this.mentions) return false
    const rest = this.#withoutAnswer.replace(saying, " ").replace(/\p{Script=Latin}(?=[.)\]}:]|$)/gu, " ")
    return !/[\p{L}\p{N}]/u.test(rest)
  }

  get #calculatesResult(): boolean {
    return this.step && equals.test(this.text)
  }

  get #withoutAnswer(): string {
    return this.mentions ? this.text.replace(this.#context.mention!, " ") : this.text
  }

  #countWords(): number {
    const { known } = this.#context
    let own = 0
    for (const word of wordsOf(this.text)) if (!known.has(word) && !idle.has(word) && !idleHan.has(word)) own++
    return announcing.test(this.text) ? Math.max(0, own - thought.least) : own
  }

  /** Whether every clause with the answer is hedged; without an answer, whether anything is. */
  #isHedgedAtAnswer(): boolean {
    if (!this.mentions) return true
    const mention = this.#context.mention!
    const clauses = this.text.split(/[,，、]/).filter((clause) => {
      mention.lastIndex = 0
      return mention.test(clause)
    })
    return clauses.every((clause) => hedge.test(clause))
  }
}

/** Reads the thinking, or the answer part where there is no thinking. `row` says which verifier reads the answer. */
export function guessSignals(response: Response, row: Verifiable): GuessReading {
  const thinking = response.thinking.trim() === "" ? response.answer : response.thinking
  const answer = finalAnswerOf(response.answer, row)
  const statements = read(thinking, questionText({ question: response.question, choices: row.choices }), answer)
  const signals: GuessSignal[] = []
  const add = (kind: GuessKind, of: readonly Statement[]) => {
    for (const { span } of of) signals.push({ kind, span })
  }
  const admissions = statements.filter(({ admits }) => admits)
  const last = statements.slice(-lastStatements)
  const answering = statements.filter(({ mentions }) => mentions)
  const doubtful = [...new Set([...last, ...answering.slice(-1)])]
  const hedges = doubtful.filter(({ hedged, mentions }) => hedged && (mentions || answer === null))
  const surrenders =
    statements.length <= shortThinking
      ? statements.filter(({ givesUp }) => givesUp)
      : doubtful.filter(({ givesUp }) => givesUp)
  const picked = doubtful.filter(({ picks, mentions }) => picks && mentions)
  add("guess", admissions)
  add("picked", picked)
  add("given-up", surrenders)
  add("hedged", hedges)
  const noStep = !hasSubstance(statements, thought.least)
  if (noStep) signals.push({ kind: "no-step", span: null })
  const counted = /\d/.test(response.question) && answer?.kind === "number"
  const derived = answer === null || answer.mention === null ? null : derivationOf(statements, counted)
  if (derived === "not") signals.push({ kind: "not-derived", span: answering.at(-1)?.span ?? null })
  const uncounted = counted && !answering.some(({ text }) => ground.test(text))
  const found = { statements, admissions, picked, doubts: [...surrenders, ...hedges], noStep, derived, uncounted }
  const score = scoreOf(found, answer?.kind === "choice")
  return { score, signals, answer: answer?.text ?? null }
}

/** How a thinking comes to its answer: by a step whose result it is, by words that go with it, or not at all. */
type Derivation = "by-step" | "in-words" | "not"

interface Found {
  statements: readonly Statement[]
  admissions: readonly Statement[]
  picked: readonly Statement[]
  doubts: readonly Statement[]
  noStep: boolean
  /** Null where the answer cannot be looked for: a program, a text. */
  derived: Derivation | null
  /** The question has numbers, and no statement with the answer has a ground. */
  uncounted: boolean
}

function scoreOf(
  { statements, admissions, picked, doubts, noStep, derived, uncounted }: Found,
  isChoice: boolean,
): number {
  const lastAdmission = admissions.at(-1)
  if (lastAdmission !== undefined) {
    const after = statements.slice(statements.indexOf(lastAdmission) + 1)
    // What is thought after a guess is its check.
    const checked = hasSubstance(after, thought.enough) || after.some(({ step }) => step)
    if (checked) return derived === "not" ? 0.7 : 0.3
    if (derived === "by-step") return 0.5
    if (derived === "in-words") return 0.7
    return derived === null && hasSubstance(statements, thought.long) ? 0.7 : 1
  }
  if (derived === "by-step") return 0
  if (noStep && derived !== "in-words") return 0.9
  if (isChoice) {
    if (doubts.length === 0) return derived === "not" ? 0.5 : 0
    return hasSubstance(statements, thought.enough) ? 0.5 : 0.9
  }
  const weak = doubts.length + picked.length
  // Of a long thinking without a word of a guess its signs may tell of a step on the way, or of an answer in another notation.
  if (derived === "in-words" && weak === 0) return uncounted && !statements.some(({ step }) => step) ? 0.5 : 0
  if (derived === "not") return weak === 0 ? 0.5 : hasSubstance(statements, thought.long) ? 0.7 : 0.9
  return weak > 1 || (weak > 0 && (derived === null || !hasSubstance(statements, thought.enough))) ? 0.5 : 0
}

/** `counted`: the question has numbers, so that an answer without one beside it is not derived from them. */
function derivationOf(statements: readonly Statement[], counted: boolean): Derivation {
  const sound = statements.filter(({ admits, hedged, picks, mentions }) => mentions && !admits && !hedged && !picks)
  if (sound.some(({ step, text, words }) => step && (equals.test(text) || words > 1))) return "by-step"
  const withGrounds = sound.some(({ bare, words, text, counts }) => {
    if (bare) return false
    if (words > 0 && ground.test(text)) return true
    return words >= thought.least && (!counted || counts)
  })
  if (withGrounds) return "in-words"
  if (counted) return sound.some(({ text, counts }) => counts && connective.test(text)) ? "in-words" : "not"
  const concluded = sound.some(({ text }) => connective.test(text))
  return concluded && hasSubstance(statements, thought.least) ? "in-words" : "not"
}

/** Whether a text has words of its own, beside guesses, doubts and what only says the answer; a calculation counts for many. */
function hasSubstance(statements: readonly Statement[], least: number): boolean {
  let words = 0
  for (const one of statements) {
    if (one.admits || one.bare) continue
    if (one.hedged || one.givesUp) continue
    words += one.words + (one.step ? thought.least : 0)
    if (words >= least) return true
  }
  return false
}

function read(thinking: string, asked: string, answer: FinalAnswer | null): Statement[] {
  const onGuesses = guessTopic.test(asked)
  const admits = spansOf(thinking, admitted, onGuesses).concat(spansOf(thinking, admittedChinese, onGuesses))
  const mention = answer?.mention ?? null
  const mentioned = mention === null ? [] : [...thinking.matchAll(mention)].map(({ index }) => index)
  const isAdmitted = markerOf(admits)
  const isSurrender = markerOf(spansOf(thinking, givenUp, false))
  const isMention = markerOf(mentioned)
  const context: Context = { known: new Set(wordsOf(asked)), mention }
  return statementsOf(thinking).map((span) => {
    const marks = { admits: isAdmitted(span), givesUp: isSurrender(span), mentions: isMention(span) }
    return new Statement(span, thinking.slice(...span), marks, context)
  })
}

const numeral =
  /\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|half|third|quarter|dozen|twice|double|hundred)|[一二三四五六七八九十百两半]/i

/** Whether one of the spans, which stand in order, begins within a statement. To be asked in order. */
function markerOf(spans: readonly (Span | number)[]): (statement: Span) => boolean {
  const starts = spans.map((span) => (typeof span === "number" ? span : span[0])).sort((a, b) => a - b)
  let next = 0
  return ([from, to]) => {
    while (next < starts.length && starts[next]! < from) next++
    return next < starts.length && starts[next]! < to
  }
}

function spansOf(text: string, pattern: RegExp, topic: boolean): Span[] {
  return [...text.matchAll(pattern)].flatMap(({ index, 0: found }): Span[] => {
    if (topic && topicWords.test(found)) return []
    const before = text.slice(Math.max(0, index - 32), index)
    return denied.test(before.slice(before.search(/[^.!?。！？\n]*$/))) ? [] : [[index, index + found.length]]
  })
}

const wordsOf = (text: string): string[] =>
  text.toLowerCase().match(/\p{Script=Han}|[\p{L}]+(?:['’]\p{L}+)?|\d+/gu) ?? []
