// What the embedded default model can do as judge and drafter, by prompt: `node test/bench/quick-start-prompts.ts`.
// Thresholds were chosen on the first set of questions (dev); the second (held out) was written before it was looked at.
// A judge answers with one of two words after worked examples, and its log-probabilities decide. Words that name the two
// kinds separate far better than yes and no (AUC 0.5 to 0.7 at the same number of examples).

import { wordMessages } from "../../annotators/criterion-prompt.ts"
import { domainMessages } from "../../annotators/domain.ts"
import type { ChatMessage } from "../../annotators/endpoint/chat.ts"
import { startEmbedded } from "../../annotators/endpoint/embedded/child.ts"
import { solvingMessages } from "../../annotators/solving-prompt.ts"
import { notVerifiable } from "../../pipelines/cold-start/prompts/not-verifiable.ts"
import { severalQuestions } from "../../pipelines/cold-start/prompts/several-questions.ts"
import { solvingPrompts } from "../../pipelines/cold-start/prompts/solving.ts"
import { textGeneration } from "../../pipelines/cold-start/prompts/text-generation.ts"
import { quickStart } from "../../pipelines/cold-start/quick-start.ts"

const { draft: draftPrompt, direct: directPrompt } = solvingPrompts["worked-example"]
const domains = ["mathematics", "code", "logic", "science"]
const draftSampling = { temperature: 0.5, top_p: 0.95, max_tokens: 160 }

interface Asked {
  question: string
  answer: string
  domain: string
}
const asked = (domain: string, rows: Record<string, string>): Asked[] =>
  Object.entries(rows).map(([question, answer]) => ({ question, answer, domain }))

const dev: Asked[] = [
  ...asked("mathematics", {
    "What is 17 + 25?": "42",
    "What is 9 times 8?": "72",
    "What is 100 minus 37?": "63",
    "What is half of 86?": "43",
    "Tom has 12 apples and buys 9 more. How many apples does he have now?": "21",
    "A box holds 6 eggs. How many eggs are in 7 boxes?": "42",
    "Anna had 50 stickers and gave away 18. How many stickers does she have left?": "32",
    "A pen costs 3 dollars. How many dollars do 15 pens cost?": "45",
    "Solve for x: x + 8 = 20.": "12",
    "Solve for x: 5x = 35.": "7",
    "A rectangle is 5 cm wide and 9 cm long. What is its area in square centimetres?": "45",
    "How many minutes are in 3 hours?": "180",
  }),
  ...asked("science", {
    "What planet is known as the Red Planet?": "Mars",
    "What is the chemical symbol for water?": "H2O",
    "At what temperature in degrees Celsius does water freeze at sea level?": "0",
    "Which gas do plants take in for photosynthesis?": "carbon dioxide",
    "How many legs does a spider have?": "8",
    "What force pulls objects toward the Earth?": "gravity",
  }),
  ...asked("logic", {
    "All cats are animals. Tom is a cat. Is Tom an animal? Answer yes or no.": "yes",
    "Ben is taller than Carl. Carl is taller than Dan. Who is the shortest?": "Dan",
    "What is the next number in the sequence 2, 4, 6, 8, ...?": "10",
    "If today is Monday, what day will it be in 3 days?": "Thursday",
  }),
  ...asked("code", {
    "In Python, what does print(3 + 4 * 2) print?": "11",
    'In Python, what does len("hello") return?': "5",
    "In Python, x = 10 and then x = x - 4. What is x?": "6",
    "In Python, what is the value of [4, 7, 9][1]?": "7",
  }),
]
const heldOut: Asked[] = [
  ...asked("mathematics", {
    "What is 6 + 9?": "15",
    "What is 48 divided by 6?": "8",
    "What is 30 - 14?": "16",
    "Lily reads 8 pages a day. How many pages does she read in 5 days?": "40",
    "There are 24 birds on a tree and 10 fly away. How many are left?": "14",
    "A movie starts at 3 o'clock and lasts 2 hours. At what hour does it end?": "5",
    "Solve for y: y - 4 = 11.": "15",
    "What is 25% of 80?": "20",
    "What is the square of 12?": "144",
    "A square has sides of 6 m. What is its perimeter in metres?": "24",
  }),
  ...asked("science", {
    "Which planet is closest to the Sun?": "Mercury",
    "What is the chemical symbol for gold?": "Au",
    "How many bones does an adult human have?": "206",
    "What do bees make from nectar?": "honey",
    "What is the boiling point of water in degrees Celsius at sea level?": "100",
    "Which organ pumps blood through the body?": "heart",
  }),
  ...asked("logic", {
    "Some birds cannot fly. A penguin is a bird. Is it certain that a penguin can fly? Answer yes or no.": "no",
    "Kim is older than Lee. Lee is older than Moe. Who is the oldest?": "Kim",
    "What comes next: 5, 10, 15, 20, ...?": "25",
    "If all roses are flowers and this plant is a rose, is it a flower? Answer yes or no.": "yes",
  }),
  ...asked("code", {
    "In Python, what does print(2 ** 3) print?": "8",
    "In Python, what does max([3, 9, 4]) return?": "9",
    "In Python, what is the result of 7 % 3?": "1",
    'In JavaScript, what does "ab" + "cd" give?': "abcd",
  }),
]

const toDrop: Record<string, { dev: string[]; heldOut: string[] }> = {
  "not-verifiable": {
    dev: [
      "What is the most beautiful city in the world?",
      "How do you feel about pineapple on pizza?",
      "Is it better to live in a city or in the countryside?",
      "What should I do with my life?",
      "Do you think art is more important than science?",
      "What is the best way to be happy?",
      "Which is the best football team of all time?",
      "Why do people love music so much?",
      "What will the world look like in 200 years?",
      "Should children be allowed to use phones at school?",
    ],
    heldOut: [
      "What is the nicest season of the year?",
      "Which job is the most interesting?",
      "Is chess better than checkers?",
      "How can someone become a better friend?",
      "What makes a good teacher?",
      "Do you believe in ghosts?",
      "Which is the tastiest fruit?",
      "Why is travelling good for people?",
      "What should our town do about traffic?",
      "Who was the greatest painter?",
    ],
  },
  "several-questions": {
    dev: [
      "What is 5 + 6? And what is 7 times 3?",
      "(a) Find the area of a square with side 4. (b) Find its perimeter. (c) Find its diagonal.",
      "Who wrote Hamlet, and when was it written?",
      "What is the boiling point of water, and what is its freezing point?",
      "1. Solve x + 2 = 5. 2. Solve 3y = 12. 3. Solve z - 1 = 0.",
      "How many legs does a spider have? How many wings does a bee have?",
      'What does len("abc") return? What does len("") return? Explain both.',
      "Find the mean, the median and the mode of 2, 3, 3, 8.",
      "Part A: What is 10% of 50? Part B: What is 20% of 50?",
      "What is the capital of France, what is the capital of Spain, and which one is larger?",
    ],
    heldOut: [
      "What is 8 + 1, and what is 8 - 1?",
      "(i) Convert 2 km to metres. (ii) Convert 3 kg to grams.",
      "Where was Mozart born? Where did he die?",
      "Find the area and the perimeter of a 3 by 5 rectangle.",
      "a) What is 3^2? b) What is 2^3? c) Which is larger?",
      "Which planet is the largest and which is the smallest?",
      "What does x += 1 do? What is x afterwards if it was 4?",
      "1) Name a mammal. 2) Name a reptile.",
      "How old is Ann if Bob is 10 and she is twice as old? And how old will she be in 5 years?",
      "State the formula of water and of table salt.",
    ],
  },
  "text-generation": {
    dev: [
      "Write a short story about a dragon who is afraid of fire.",
      "Write a poem about the sea.",
      "Compose an email to my boss asking for a day off.",
      "Give me a recipe for chocolate cake.",
      "Write an essay about the causes of the First World War.",
      "Create a dialogue between a cat and a dog.",
      "Describe a beautiful sunset in three paragraphs.",
      "Write a product description for a new running shoe.",
      "Invent a new holiday and explain how people celebrate it.",
      "Write a speech for my sister's wedding.",
    ],
    heldOut: [
      "Write a song about rain.",
      "Draft a letter of complaint to a hotel.",
      "Make up a fairy tale about a talking tree.",
      "Write a blog post about healthy food.",
      "Tell me a bedtime story.",
      "Write a review of your favourite book.",
      "Create a slogan for a bakery.",
      "Write a diary entry of a sailor.",
      "Summarise your last holiday in a funny way.",
      "Write a long description of a castle.",
    ],
  },
}

interface Answer {
  choices: {
    message: { content: string }
    finish_reason: string
    logprobs: { content: { top_logprobs: { token: string; logprob: number }[] }[] } | null
  }[]
  usage: { completion_tokens: number }
}

const endpoint = await startEmbedded()

async function ask(messages: readonly ChatMessage[], body: Record<string, unknown>): Promise<Answer> {
  const response = await fetch(`${endpoint.baseUrl}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: endpoint.model, messages, ...body }),
  })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as Answer
}

/** Probability of each word at the first place of the answer; a word may come in pieces, of which the first counts. */
async function probabilities(messages: readonly ChatMessage[], words: readonly string[]): Promise<number[]> {
  const answer = await ask(messages, { max_tokens: 1, temperature: 0, logprobs: true, top_logprobs: 20 })
  const top = answer.choices[0]?.logprobs?.content[0]?.top_logprobs ?? []
  return words.map((word) =>
    top
      .filter(({ token }) => token.trim() !== "" && word.startsWith(token.trim().toLowerCase()))
      .reduce((sum, { logprob }) => sum + Math.exp(logprob), 0),
  )
}

const plain = (text: string) =>
  text
    .toLowerCase()
    .replaceAll(/[$*`"'.!]/g, "")
    .replaceAll("₂", "2")
    .trim()
function isRight(said: string, reference: string): boolean {
  const wanted = plain(reference)
  if (/^\d+$/.test(wanted))
    return (
      Number(
        plain(said)
          .match(/-?\d+(?:\.\d+)?/g)
          ?.at(-1),
      ) === Number(wanted)
    )
  return plain(said).split(/\W+/).join(" ").includes(wanted) && plain(said).length < wanted.length + 25
}

/** Share of pairs in which the one to drop scores higher. */
function areaUnderCurve(drop: number[], keep: number[]): number {
  const won = drop
    .flatMap((a) => keep.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)))
    .reduce<number>((sum, each) => sum + each, 0)
  return won / (drop.length * keep.length)
}

const report = (line: Record<string, unknown>) => console.log(JSON.stringify(line))
const rounded = (value: number) => Number(value.toFixed(3))
async function timed<T>(calls: number, work: () => Promise<T>): Promise<[T, secondsPerCall: number]> {
  const start = performance.now()
  const result = await work()
  return [result, rounded((performance.now() - start) / 1_000 / calls)]
}

for (const prompt of [notVerifiable, severalQuestions, textGeneration]) {
  const criterion = prompt.id
  const threshold = quickStart.judging.thresholds[criterion]
  const score = async (question: string) => {
    const { words } = prompt
    const [drop = 0, keep = 0] = await probabilities(wordMessages(prompt, { question }), [words.drop, words.keep])
    return drop / (drop + keep)
  }
  for (const [set, questions] of [
    ["dev", dev],
    ["heldOut", heldOut],
  ] as const) {
    const wrongs = toDrop[criterion]?.[set] ?? []
    const [[keep, drop], secondsPerCall] = await timed(questions.length + wrongs.length, () =>
      Promise.all([Promise.all(questions.map(({ question }) => score(question))), Promise.all(wrongs.map(score))]),
    )
    report({
      criterion,
      set,
      auc: rounded(areaUnderCurve(drop, keep)),
      threshold,
      goodDropped: `${keep.filter((p) => p >= threshold).length}/${keep.length}`,
      badDropped: `${drop.filter((p) => p >= threshold).length}/${drop.length}`,
      secondsPerCall,
    })
  }
}

for (const [set, questions] of [
  ["dev", dev],
  ["heldOut", heldOut],
] as const) {
  const [labels, secondsPerLabel] = await timed(questions.length, () =>
    Promise.all(
      questions.map(async ({ question }) => {
        const shares = await probabilities(domainMessages(domains, question), domains)
        return domains[shares.indexOf(Math.max(...shares))]
      }),
    ),
  )
  const right = labels.filter((label, i) => label === questions[i]?.domain).length
  report({ prompt: "domain", set, right: `${right}/${questions.length}`, secondsPerCall: secondsPerLabel })

  const [direct, secondsPerDirect] = await timed(questions.length, () =>
    Promise.all(
      questions.map(({ question }) =>
        ask(solvingMessages(directPrompt, { question }), { max_tokens: 12, temperature: 0, stop: ["\n"] }),
      ),
    ),
  )
  const known = direct.filter((answer, i) =>
    isRight(answer.choices[0]?.message.content ?? "", questions[i]?.answer ?? ""),
  ).length
  report({ prompt: "direct", set, right: `${known}/${questions.length}`, secondsPerCall: secondsPerDirect })

  const drafts = 8
  const [groups, secondsPerDraft] = await timed(questions.length * drafts, () =>
    Promise.all(
      questions.map(({ question }, row) =>
        Promise.all(
          Array.from({ length: drafts }, (_, sample) =>
            ask(solvingMessages(draftPrompt, { question }), { ...draftSampling, seed: row * 1_000 + sample }),
          ),
        ),
      ),
    ),
  )
  const verdicts = groups.map((group, row) =>
    group.map((answer) => {
      const said = [...(answer.choices[0]?.message.content ?? "").matchAll(/Answer:\s*(.+)/g)].at(-1)?.[1]
      return said !== undefined && isRight(said, questions[row]?.answer ?? "")
    }),
  )
  const all = groups.flat()
  report({
    prompt: "draft",
    set,
    ...draftSampling,
    drafts: all.length,
    right: verdicts.flat().filter(Boolean).length,
    solvedBy4: `${verdicts.filter((group) => group.slice(0, 4).some(Boolean)).length}/${questions.length}`,
    solvedBy8: `${verdicts.filter((group) => group.some(Boolean)).length}/${questions.length}`,
    cutByLength: all.filter((answer) => answer.choices[0]?.finish_reason === "length").length,
    tokensPerDraft: rounded(all.reduce((sum, answer) => sum + answer.usage.completion_tokens, 0) / all.length),
    secondsPerCall: secondsPerDraft,
  })
}
await endpoint.close()
