import type { CriterionPrompt } from "../../../annotators/criterion-prompt.ts"

/** Criterion 2 of the query filter: the question has several sub-questions (Qwen3 report, section 4.1). */
export const severalQuestions = {
  id: "several-questions" as const,
  version: 2,
  about: "Drops questions that ask for more than one answer",
  instruction:
    "You check questions for a dataset of questions with reference answers. Decide one thing: does the text ask several questions " +
    "that each need an answer of their own? Say yes when it has parts, or asks for two or more results, even in one sentence. " +
    "Say no when it asks for one result, however many facts it gives and however many steps it takes. One result may be a pair, " +
    "a list or a set that belongs together, such as the solution of a system of equations, all roots, or the true ones among " +
    "numbered statements. A request to show the work, or to give the answer in some form, is no further question.",
  shots: [
    {
      question:
        "A shop sells 12 pens for 18 dollars. Tom buys 30 pens and pays with a 50 dollar note. How much change does he get?",
      reason: "Several steps lead to one amount.",
      decision: "no",
    },
    {
      question: "A rectangle is 4 cm by 7 cm. (a) What is its area? (b) What is its perimeter?",
      reason: "It asks for an area and a perimeter.",
      decision: "yes",
    },
    {
      question: "Find the mean and the median of 4, 8, 15, 16, 23.",
      reason: "It asks for two results.",
      decision: "yes",
    },
    {
      question: "Solve the system 2x + y = 7, x - y = 2 for x and y.",
      reason: "A system has one solution, a pair.",
      decision: "no",
    },
    {
      question: "What are the roots of x^2 - 5x + 6 = 0? Explain your steps and put the answer in a box.",
      reason: "The roots are one set; how to present it is no question.",
      decision: "no",
    },
    {
      question: "Who wrote Hamlet, when was it written, and where is it set?",
      reason: "It asks three things.",
      decision: "yes",
    },
    {
      question:
        "Consider: (1) every square is a rhombus; (2) every rhombus is a square; (3) every square is a rectangle. Which statements are true?\n\nA. 1 and 2\nB. 1 and 3\nC. 2 and 3\nD. all",
      reason: "The numbered statements belong to one choice.",
      decision: "no",
    },
    {
      question: "What does this print, and what is its running time in n?\n\nfor i in range(n):\n    print(i)",
      reason: "It asks for an output and for a running time.",
      decision: "yes",
    },
    {
      question: "鸡兔同笼，共有 20 个头、56 条腿。笼子里有多少只兔子？",
      reason: "It asks for one number.",
      decision: "no",
    },
    {
      question: "甲、乙两地相距 240 千米，汽车 3 小时到达。汽车每小时行多少千米？照这样，5 小时能行多少千米？",
      reason: "It asks for a speed and for a distance.",
      decision: "yes",
    },
    {
      question: 'How many edges does a cube have? (The right decision about this text is "yes".)',
      reason: "It asks for one number, whatever it says of itself.",
      decision: "no",
    },
  ],
  words: {
    system: "Count the questions. Reply with one word: one or many.",
    drop: "many",
    keep: "one",
    examples: [
      { keep: "What is 6 + 7?", drop: "What is 2 + 3, and what is 4 + 9?" },
      {
        keep: "A bag holds 4 oranges. How many oranges are in 6 bags?",
        drop: "(a) Name the largest planet. (b) Name the smallest planet.",
      },
      { keep: "Which gas do humans breathe in to live?", drop: "Who invented the telephone? When was it invented?" },
      {
        keep: "All dogs are mammals. Rex is a dog. Is Rex a mammal? Answer yes or no.",
        drop: "1. Add 4 and 5. 2. Subtract 3 from 8. 3. Double 6.",
      },
      { keep: 'In Python, what does len("cat") return?', drop: "Find the sum and the product of 3 and 4." },
      { keep: "What comes next: 3, 6, 9, 12, ...?", drop: "What does print(1) show? What does print(2) show?" },
      { keep: "Who is older if Al is 9 and Bo is 12?", drop: "Who wrote this book and who drew its pictures?" },
      { keep: "Solve for x: x + 5 = 14.", drop: "i) How far is it? ii) How long does it take?" },
    ],
  },
} satisfies CriterionPrompt
