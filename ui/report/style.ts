/** The page's style: light or dark as the reader's system is, and black on white on paper. */
export const style = `
:root { --ink: #1d2328; --soft: #5b6670; --paper: #fbfbf9; --card: #ffffff; --rule: #dcdfe2; --bar: #3a7d5d; --loss: #c2683c; --link: #1f6246 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7e6; --soft: #a0aaa8; --paper: #15191a; --card: #1d2324; --rule: #353d3e; --bar: #63b48d; --loss: #e0905f; --link: #8fd0b0 }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, "Segoe UI", "DejaVu Sans", sans-serif }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2 }
h2 { margin: 3rem 0 .75rem; padding-top: .75rem; border-top: 1px solid var(--rule); font-size: 1.35rem }
h3 { margin: 1.75rem 0 .4rem; font-size: 1.05rem; overflow-wrap: anywhere }
h4 { margin: .9rem 0 .2rem; color: var(--soft); font-size: .8rem; font-weight: 600; letter-spacing: .04em; text-transform: uppercase }
p { margin: .4rem 0; overflow-wrap: anywhere }
header p { color: var(--soft) }
a { color: var(--link) }
a:focus-visible, summary:focus-visible, .wide:focus-visible { outline: 2px solid var(--bar); outline-offset: 2px }
.skip { position: absolute; left: -100vw }
.skip:focus { left: 1rem; top: 1rem; padding: .3rem .6rem; background: var(--card) }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .6rem; margin: 1.25rem 0 }
.cards div { padding: .6rem .8rem; background: var(--card); border: 1px solid var(--rule); border-radius: 6px }
dt { color: var(--soft); font-size: .8rem }
dd { margin: 0; font-size: 1.1rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
.reason { padding: .6rem .8rem; border-left: 3px solid var(--loss); white-space: pre-wrap }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin: 1rem 0 0; padding: 0; list-style: none }
figure { margin: .75rem 0 }
svg { display: block; width: 100%; height: auto; font: 12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif }
svg text { fill: var(--ink) }
svg .note { fill: var(--soft); font-variant-numeric: tabular-nums }
svg .bar { fill: var(--bar) }
svg .loss { fill: var(--loss) }
svg .grid { stroke: var(--rule) }
svg .line { fill: none; stroke: var(--bar); stroke-width: 1.75; stroke-linejoin: round }
.tallies { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); gap: .5rem 2.5rem; align-items: start }
.wide { overflow-x: auto }
table { width: 100%; border-collapse: collapse; font-size: .92rem }
caption { padding: .5rem 0; color: var(--soft); text-align: left; overflow-wrap: anywhere }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--rule); text-align: right; font-variant-numeric: tabular-nums; vertical-align: top }
th { font-weight: 600 }
tbody th { font-weight: 400 }
th:first-child { padding-left: 0; text-align: left; overflow-wrap: anywhere }
article { margin: 1rem 0; padding: .25rem 1rem 1rem; background: var(--card); border: 1px solid var(--rule); border-radius: 6px }
article h3 { margin-top: .75rem }
pre { margin: .3rem 0; font: .86rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere }
details { margin: .4rem 0 }
details pre { padding-left: .8rem; border-left: 2px solid var(--rule) }
summary { cursor: pointer; overflow-wrap: anywhere }
.numbers > summary, details > summary { color: var(--soft) }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem }
@media print {
  :root { --ink: #000; --soft: #444; --paper: #fff; --card: #fff; --rule: #bbb; --bar: #444; --loss: #888; --link: #000 }
  body { max-width: none; padding: 0; font-size: 11px }
  nav, .skip { display: none }
  article, figure, tr { break-inside: avoid }
}
`
