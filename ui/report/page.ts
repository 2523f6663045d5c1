import type { RunTotals } from "../../pipelines/runtime/run-totals.ts"
import type { Row } from "../../pipelines/runtime/step.ts"
import type { Manifest } from "../../schemas/manifest.ts"
import { lossName } from "../funnel.ts"
import { plainJson } from "../inspect/plain-json.ts"
import { dollars, duration, grouped, percent } from "../print.ts"
import { type Bar, bars, histogram, number, timeLine } from "./chart.ts"
import type { Distribution } from "./distributions.ts"
import { escaped, type Html, html, none } from "./html.ts"
import { type OverTime, speeds } from "./over-time.ts"
import { splitThinking } from "./sample-rows.ts"
import { style } from "./style.ts"

/** Everything that the page shows, read and bounded. */
export interface ReportFacts {
  /** The run's folder as it was named. */
  run: string
  recipe: string
  complete: boolean
  counted: Pick<Manifest, "rows" | "drops" | "tallies">
  mixture: Manifest["mixture"]
  totals: RunTotals
  overTime: OverTime
  distributions: Distribution[]
  samples: { rows: Row[]; of: number }
  dropped: { rows: Row[]; of: number }
  failed: { rows: Row[]; of: number }
}

/** The page: one file without a script, that asks nothing of any network and may be opened from disk. */
export function reportPage(facts: ReportFacts): string {
  const { run, recipe } = facts
  const sections: [string, string, Html][] = [
    ["funnel", "Funnel", funnel(facts)],
    ["yield", "Yield per step", yields(facts)],
    ["stages", "Stages", stages(facts)],
    ["distributions", "Distributions", distributions(facts)],
    ["time", "Cost and throughput over time", overTime(facts)],
    ["models", "Answers by model", models(facts)],
    ["counts", "What steps counted", tallies(facts)],
    ["samples", "Sample rows", samples(facts)],
    ["dropped", "Dropped rows", losses(facts.dropped, "dropped")],
    ["failed", "Failed rows", losses(facts.failed, "failed")],
  ]
  const shown = sections.filter(([, , content]) => content !== none)
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${recipe}: ${run}</title>
<style>${{ html: style }}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header>
<h1>${recipe}</h1>
<p>${run}${facts.complete ? "" : " (not finished: what is done so far)"}</p>
${cards(facts)}
<nav aria-label="Sections"><ul>${shown.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
</header>
<main id="main">
${shown.map(
  ([id, title, content]) => html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${content}</section>
`,
)}</main>
<footer><p>Made by cotyledon from the run's folder. Lists of rows are a few of them, spread evenly; <code>cotyledon inspect</code> has all.</p></footer>
</body>
</html>
`
  return page.html
}

function cards({ counted: { rows }, totals, overTime, complete }: ReportFacts): Html {
  const { status } = overTime
  const elapsedMs = overTime.moments.at(-1)?.atMs ?? 0
  const state = status.state === "done" || complete ? "done" : status.state
  const list: [string, string][] = [
    ["state", state],
    ["source rows", grouped(rows.in)],
    ["in the dataset", `${grouped(rows.out)} (${percent(rows.out, rows.in)})`],
    ["dropped", grouped(rows.dropped)],
    ["failed", grouped(rows.failed)],
    ["answers", grouped(totals.calls)],
    ["tokens in", grouped(totals.tokens.input)],
    ["tokens out", grouped(totals.tokens.output)],
    ...(totals.cost === null ? [] : [["cost", dollars(totals.cost)] as [string, string]]),
    ...(totals.cost === null || rows.out === 0
      ? []
      : [["cost of 1,000 rows", dollars((1_000 * totals.cost) / rows.out)] as [string, string]]),
    ["time at work", duration(elapsedMs)],
    ...(overTime.attempts > 1 ? [["started", `${grouped(overTime.attempts)} times`] as [string, string]] : []),
  ]
  const reason = status.state === "stopped" && status.reason ? html`<p class="reason">${status.reason}</p>` : none
  return html`<dl class="cards">${list.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>${reason}`
}

/** Each loss along the path with what is left after it. */
function lossesInOrder({ counted: { rows, drops } }: ReportFacts): { name: string; lost: number; left: number }[] {
  let left = rows.in
  const steps = Object.entries(drops).flatMap(([step, reasons]) =>
    Object.entries(reasons).map(([reason, lost]) => {
      left -= lost
      return { name: lossName(step, reason), lost, left }
    }),
  )
  if (rows.failed > 0) steps.push({ name: "failed", lost: rows.failed, left: left - rows.failed })
  return steps
}

function funnel(facts: ReportFacts): Html {
  const { rows } = facts.counted
  if (rows.in === 0) return html`<p>No rows yet.</p>`
  const steps = lossesInOrder(facts)
  const share = (value: number) => percent(value, rows.in)
  const list: Bar[] = [
    { label: "rows in", value: rows.in, note: grouped(rows.in) },
    ...steps.map(
      ({ name, lost, left }): Bar => ({
        label: name,
        value: left + lost,
        lost,
        note: `-${grouped(lost)} (${share(lost)})`,
      }),
    ),
    { label: "in the dataset", value: rows.out, note: `${grouped(rows.out)} (${share(rows.out)})` },
  ]
  return html`<figure>${bars("Source rows: what came in, what each step took away, what is left", list)}</figure>
${table(
  "Source rows by step and reason",
  ["step: reason", "lost", "of all", "left"],
  steps.map(({ name, lost, left }) => [name, grouped(lost), share(lost), grouped(left)]),
  true,
)}`
}

function yields({ counted: { rows, drops } }: ReportFacts): Html {
  let left = rows.in
  const list: Bar[] = Object.entries(drops).map(([step, reasons]) => {
    const before = left
    left -= Object.values(reasons).reduce((sum, lost) => sum + lost, 0)
    return {
      label: step,
      value: before === 0 ? 0 : left / before,
      note: `${percent(left, before)} of ${grouped(before)}`,
    }
  })
  if (list.length === 0) return none
  return html`<p>Of the rows that came to a step, those that it passed on.</p><figure>${bars(
    "Share of rows that each step passed on",
    list.map((bar) => ({ ...bar, value: bar.value * 1_000 })),
  )}</figure>`
}

function stages({ overTime: { status } }: ReportFacts): Html {
  if (status.stages.length === 0) return none
  const rows = status.stages.map(({ stage, counts }) => [
    stage,
    grouped(counts.in),
    grouped(counts.out),
    grouped(counts.dropped),
    grouped(counts.failed),
    percent(counts.out, counts.in),
  ])
  return table("Rows of each stage", ["stage", "in", "out", "dropped", "failed", "out of in"], rows)
}

function distributions({ distributions: list }: ReportFacts): Html {
  if (list.length === 0) return none
  return html`${list.map(
    ({ title, axis, rows, median, mean, bins }) => html`<h3>${title}</h3>
<p>${grouped(rows)} rows, median ${number(median)}, mean ${number(mean)} ${axis}</p>
<figure>${histogram(`${title}: rows by ${axis}`, bins, axis)}</figure>
${table(
  `${title} as numbers`,
  [axis, "rows"],
  bins
    .filter(({ count }) => count > 0)
    .map(({ from, to, count }) => [`${number(from)} to ${number(to)}`, grouped(count)]),
  true,
)}`,
  )}`
}

function overTime({ overTime: { moments, priced, attempts, pauses } }: ReportFacts): Html {
  if (moments.length < 3 || moments.at(-1)!.calls === 0) return none
  const money = priced
    ? html`<h3>Cost</h3><figure>${timeLine(
        "Cost in USD over time",
        moments.map(({ atMs, usd }) => ({ x: atMs, y: usd })),
        (value) => `$${number(value)}`,
      )}</figure>`
    : none
  return html`<p>${grouped(attempts)} ${attempts === 1 ? "start" : "starts"}, ${grouped(pauses)} pauses of endpoints. Time between two starts is left out.</p>
${money}
<h3>Tokens per second</h3><figure>${timeLine("Tokens per second over time", speeds(moments, "tokens"), number)}</figure>
<h3>Answers per second</h3><figure>${timeLine("Answers per second over time", speeds(moments, "calls"), number)}</figure>`
}

function models({ totals }: ReportFacts): Html {
  const rows = Object.entries(totals.byIdentity).map(([identity, { calls, input, output }]) => [
    identity,
    grouped(calls),
    grouped(input),
    grouped(output),
  ])
  return rows.length === 0 ? none : table("Settled answers", ["model", "answers", "tokens in", "tokens out"], rows)
}

function tallies({ counted, mixture }: ReportFacts): Html {
  const lists = Object.entries(counted.tallies).filter(([, counts]) => Object.keys(counts).length > 0)
  const domains = mixture.map(({ domain, rows }): Bar => ({ label: domain, value: rows, note: grouped(rows) }))
  if (lists.length === 0 && domains.length === 0) return none
  const most = 40
  return html`${
    domains.length > 0
      ? html`<h3>Domains of the dataset</h3><figure>${bars("Rows of the dataset by domain", domains.slice(0, most))}</figure>`
      : none
  }<div class="tallies">${lists.map(
    ([stage, counts]) =>
      html`<div>${table(
        stage,
        ["count", "number"],
        Object.entries(counts)
          .slice(0, most)
          .map(([name, count]) => [name, grouped(count)]),
      )}</div>`,
  )}</div>`
}

interface Turn {
  role?: unknown
  content?: unknown
}

const turnsOf = (value: unknown): Turn[] => (Array.isArray(value) ? (value as Turn[]) : [])

function samples({ samples: { rows, of } }: ReportFacts): Html {
  if (rows.length === 0) return none
  return html`<p>${grouped(rows.length)} of ${grouped(of)} rows, spread evenly over the dataset.</p>${rows.map(sampleRow)}`
}

function sampleRow(row: Row): Html {
  const { id, prompt, completion, ...rest } = row
  const turns = [...turnsOf(prompt), ...turnsOf(completion)]
  const said = turns.map(({ role, content }) => {
    const { thinking, answer } =
      role === "assistant" ? splitThinking(String(content)) : { thinking: null, answer: String(content) }
    return html`<h4>${String(role)}</h4>${
      thinking
        ? html`<details><summary>thinking (${grouped(thinking.length)} characters)</summary><pre>${thinking}</pre></details>`
        : none
    }<pre>${answer}</pre>`
  })
  const body = turns.length > 0 ? said : [html`<pre>${plainJson(row, 2)}</pre>`]
  const more =
    turns.length > 0 ? html`<details><summary>other columns</summary><pre>${plainJson(rest, 2)}</pre></details>` : none
  return html`<article><h3>${String(id ?? "row")}</h3>${body}${more}</article>`
}

function losses({ rows, of }: { rows: Row[]; of: number }, fate: "dropped" | "failed"): Html {
  if (rows.length === 0) return none
  return html`<p>${grouped(rows.length)} of ${grouped(of)} rows, spread evenly.</p>${rows.map(
    ({ id, step, reason, message, measured, threshold, evidence, row }) =>
      html`<details><summary><b>${String(id)}</b> ${lossName(
        String(step),
        String(reason),
      )}${fate === "failed" ? `: ${String(message)}` : measuredText(measured, threshold)}</summary>${
        typeof evidence === "string" ? html`<h4>evidence</h4><pre>${indented(evidence)}</pre>` : none
      }<h4>row</h4><pre>${indented(String(row))}</pre></details>`,
  )}`
}

const measuredText = (measured: unknown, threshold: unknown): string =>
  typeof measured === "number"
    ? `: ${number(measured)}${typeof threshold === "number" ? ` against ${number(threshold)}` : ""}`
    : ""

/** JSON with line breaks where it is JSON of a size that is shown whole. */
function indented(json: string): string {
  if (json.length > 20_000) return json
  try {
    return plainJson(JSON.parse(json), 2)
  } catch {
    return json
  }
}

function table(caption: string, head: readonly string[], rows: readonly (readonly string[])[], folded = false): Html {
  const content = html`<div class="wide" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${head.map(
    (name) => html`<th scope="col">${name}</th>`,
  )}</tr></thead><tbody>${rows.map(
    ([first, ...others]) =>
      html`<tr><th scope="row">${{ html: escaped(first!, 200) }}</th>${others.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  )}</tbody></table></div>`
  return folded ? html`<details class="numbers"><summary>as a table</summary>${content}</details>` : content
}
