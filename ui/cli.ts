// The command line: parses, calls, prints. Every command's code is loaded when it is called, so that `--help` is quick.
import { Command, CommanderError, Option } from "commander"
import { usageError } from "../pipelines/runtime/errors.ts"
import { version } from "../pipelines/runtime/version.ts"
import { report } from "./report-error.ts"

const usage = 2
/** An ended command waits this long for what is still open. */
const heldOpenMs = 2_000

/** Runs the command line and ends the process with its exit code. */
export async function main(args: readonly string[]): Promise<void> {
  // Whoever reads our output may leave (`| head`): printing then ends, and so does a command that only prints; a run goes on.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error
    if (args[0] !== "run" && args[0] !== "work") process.exit(0)
  })
  process.stderr.on("error", () => {})
  const program = commandLine()
  try {
    await program.parseAsync(args, { from: "user" })
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : usage
    else process.exitCode = report(error, { debug: args.includes("--debug"), json: args.includes("--json") })
  }
  // What a step of the user's holds open, a timer or a connection, must not keep a command alive that has ended.
  setTimeout(() => process.exit(), heldOpenMs).unref()
}

const collect = (value: string, before: string[]): string[] => [...before, value]
const whole = (value: string): number => {
  if (!/^\d+$/.test(value))
    throw usageError({ what: "Cannot read a number of the command line", expected: "a whole number", got: value })
  return Number(value)
}

const applyHelp = `
STEP: an id that cotyledon steps lists, or the path of a module of your own (.ts, .js, .mjs) whose default export is a step.
IN and OUT: .jsonl, .jsonl.gz, .jsonl.zst, .parquet, .arrow or - (JSON Lines); IN may be a folder or a glob.
Rows that fail go to OUT.failed.jsonl. OUT appears when it is whole.
--set takes the step's parameters (cotyledon steps STEP) and models.ROLE.KEY; --config also takes a recipe's config.
What a step asks a model is settled in OUT.ledger: killed and started again, it pays for nothing twice. Remove
that folder when it is no longer needed. With OUT - the names start with STEP in the working folder.
With STEP,STEP,... each step sees every row of IN, whatever the others say; OUT is a folder that gets STEP.jsonl,
STEP.dropped.jsonl and STEP.failed.jsonl, and --labels takes a column for each, with commas between.`

const verifyHelp = `
Rows {id, completion, reference, options?} become {id, verdict, reward, extracted, reason}, in the same order.
--set takes the verifier's options for all rows (cotyledon steps VERIFIER); a row's own options go before them.
Lines that cannot be read go to OUT.failed.jsonl.`

const handoffHelp = `
RUN is the folder of a finished run whose dataset is samples. The handoff is written whole or not at all; the same run
with the same options gives the same bytes and the same name. Start trainers in its folder: launch/ has a config for each.
verify takes the handoff's folder, or the one that it stands in: it checks every hash, count, token and probe, and
after training the receipts. Every row is read up to 50,000 samples or with --full, and where a file is
not what it was. Exit code 0: all is as it was written. 1: something is not, and is named. 2: no handoff.`
const chatHelp = `
render: rows {messages, tools?, enable_thinking?, add_generation_prompt?} get the column text, byte for byte what Hugging Face's
apply_chat_template gives. Refused, with the reason, are roles out of order, calls of tools that are not JSON and contents that hold a
control token or a stray think tag; --unchecked renders them as the template does. --template: a .jinja file or a tokenizer_config.json.
parse: rows {text} get thinking, answer and complete. Rows that fail go to OUT.failed.jsonl.`
const tokenizeHelp = `
Rows {text} get input_ids; other columns are carried through. Rows without text go to OUT.failed.jsonl.
--tokenizer: qwen3, a tokenizer.json of the Qwen family, or a folder with one. Without --markup the text of special
tokens is plain text.`

const modelsHelp = `
serve speaks OpenAI's API at http://HOST:PORT/v1: chat/completions and completions (streamed or not, log-probabilities, JSON
schemas, and with echo those of the prompt), models; beside it /health, /metrics (Prometheus), /tokenize and /detokenize.
Clients take turns: each API key, without one each machine, and within those each \`user\`. Ctrl-C or SIGTERM: new requests get
503, open ones are answered within --grace; a second one ends it at once. Pages in a browser are refused.`

function commandLine(): Command {
  const program = new Command("cotyledon")
    .description("Builds every training corpus of a dual-mode reasoning model, from raw text to what a trainer loads.")
    .version(version)
    .exitOverride()
    .showHelpAfterError("(cotyledon --help lists the commands)")
  const command = (name: string, about: string): Command =>
    program
      .command(name)
      .description(about)
      .exitOverride()
      .option("--config <file>", "config: .yaml, .json or .ts")
      .option("--set <key.path=value>", "one key of the config; repeatable", collect, [])
      .option("--workers <n>", "worker processes for CPU-bound stages", whole)
      .option("--json", "one JSON document or JSON Lines on stdout", false)
      .option("--quiet", "no progress", false)
      .option("--no-color", "no colour (also NO_COLOR)")
      .addOption(new Option("--debug", "stack traces").default(false).hideHelp())

  command("run [recipe|config]", "run a recipe, or go on with a run")
    .option("--out <dir>", "run folder (default: runs/RECIPE)")
    .option("--limit <n>", "a pilot on the first N source rows", whole)
    .option("--finish", "make a dataset of what is settled; ask for nothing new", false)
    .option(
      "--offline",
      "answer from the ledger alone; what is not settled fails its row, nothing is sent; programs run in their sandboxes",
      false,
    )
    .option("--ledger <dir>", "a ledger that runs share: what one paid for the others take over")
    .action(async (target, options) => (await import("./commands/run.ts")).run(target, options))
  command("plan [recipe|config]", "show what a run would do and cost at most; asks nothing, writes nothing")
    .option("--out <dir>", "run folder to compare with (default: runs/RECIPE)")
    .option("--limit <n>", "as for run", whole)
    .action(async (target, options) => (await import("./commands/plan.ts")).plan(target, options))
  command("work <run> <stage> <task>", "run one task of one stage: what engines start").action(
    async (run, stage, task, options) => (await import("./commands/work.ts")).work(run, stage, whole(task), options),
  )
  command("status <run>", "what is done, running and left")
    .option("--watch", "a live view on a terminal, plain lines elsewhere, until the run ends", false)
    .addOption(new Option("--attached").default(false).hideHelp())
    .action(async (run, options) => (await import("./commands/status.ts")).status(run, options))
  command("report <run>", "one self-contained HTML page about a run")
    .option("--to <file>", "the page (default: RUN/report.html; -: stdout)")
    .action(async (run, options) => (await import("./commands/report.ts")).reportRun(run, options))
  command(
    "inspect <path> [other]",
    "a dataset's or run's schema, counts, drops and rows; with two runs their differences",
  )
    .option("--dropped", "dropped rows", false)
    .option("--failed", "failed rows", false)
    .option("--step <id>", "only rows that this step dropped")
    .option("--row <id>", "one row's whole history")
    .option("--exchange <id>", "one request and its answer")
    .option("--sql <select>", "SQL over the run's datasets or the files")
    .option("--rows <n>", "sample rows to show", whole, 3)
    .action(async (path, other, options) => (await import("./commands/inspect.ts")).inspect(path, other, options))
  command("clean <run>", "remove what nothing in a run's folder refers to; never what was paid for")
    .option("--dry-run", "only say what would go", false)
    .action(async (run, options) => (await import("./commands/clean.ts")).clean(run, options))
  command("apply <step> <in> <out>", "one filter or annotator over a file or folder")
    .option("--dropped <file>", "write dropped rows there")
    .option("--column <name>", "the column that it reads, where that is not `text`")
    .option("--labels <column>", "compare with labels: accuracy, confusion, cost")
    .addHelpText("after", applyHelp)
    .action(async (step, input, output, options) =>
      (await import("./commands/apply.ts")).apply(step, input, output, options),
    )
  command("verify <verifier> <in> <out>", "score completions with a verifier")
    .addHelpText("after", verifyHelp)
    .action(async (verifier, input, output, options) =>
      (await import("./commands/verify.ts")).verify(verifier, input, output, options),
    )
  command(
    "handoff <run> [dir]",
    "write what a GPU trainer loads: handoff RUN --to DIR; or prove it: handoff verify DIR",
  )
    .option("--to <dir>", "the handoff becomes DIR/<sha256 of its manifest>")
    .option("--model <name>", "model of the family that the launch configs are for (default: 8B)")
    .option("--max-length <n>", "most tokens of a sample (default: 32768)", whole)
    .option("--over-long <drop|cut>", "what becomes of longer samples; cut shortens their thinking (default: drop)")
    .option("--sequence-length <n>", "places of a packed row (default: --max-length)", whole)
    .option("--tokenizer <file|name>", "tokenizer.json of the model (default: qwen3)")
    .option("--template <file|name>", "chat template of the model (default: qwen3)")
    .option("--train-empty-block", "take loss on the empty block of samples without thinking too: see README")
    .option("--quick", "verify: hashes, counts and probes, without reading every row", false)
    .option("--full", "verify: read every row, however many there are", false)
    .addHelpText("after", handoffHelp)
    .action(async (run, dir, options) => (await import("./commands/handoff.ts")).handoff(run, dir, options))
  command("chat <render|parse> <in> <out>", "conversations to text, and responses back into thinking and answer")
    .option("--template <file>", "render: a Jinja chat template other than the recipe's")
    .option("--date <day>", "render: the day that a template prints as today (2026-01-31)")
    .option("--unchecked", "render: whatever the template makes of a row", false)
    .option("--column <name>", "parse: the column that it reads, where that is not `text`")
    .addHelpText("after", chatHelp)
    .action(async (action, input, output, options) =>
      (await import("./commands/chat.ts")).chat(action, input, output, options),
    )
  command("tokenize <in> <out>", "token ids of texts")
    .option("--tokenizer <file|name>", "tokenizer.json, a folder with one, or a name", "qwen3")
    .option("--column <name>", "the column with the text", "text")
    .option("--markup", "recognise special tokens in the text", false)
    .addHelpText("after", tokenizeHelp)
    .action(async (input, output, options) => (await import("./commands/tokenize.ts")).tokenize(input, output, options))
  command("init <recipe> [file]", "write a commented config").action(async (recipe, file, options) =>
    (await import("./commands/init.ts")).init(recipe, file, options),
  )
  command(
    "steps [step]",
    "all filters, annotators and verifiers with their parameters; or a module of your own",
  ).action(async (step, options) => (await import("./commands/steps.ts")).steps(step, options))
  command("models <list|get|serve> [model]", "the embedded models")
    .option("--from <file>", "get: weights from a local file")
    .option("--host <address>", "serve: address to listen on", "127.0.0.1")
    .option("--port <n>", "serve: port (0: a free one)", whole, 8000)
    .option("--contexts <n>", "serve: requests answered at once (default: cores)", whole)
    .option("--context-tokens <n>", "serve: tokens of a context (default: 2048)", whole)
    .option("--queue <n>", "serve: requests that may wait (default: 256); one more gets 429", whole)
    .option("--grace <seconds>", "serve: time for open requests when it is told to end", whole, 30)
    .addHelpText("after", modelsHelp)
    .action(async (action, model, options) => (await import("./commands/models.ts")).models(action, model, options))
  return program
}
