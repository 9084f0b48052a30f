// The page's style sheet: light and dark, wide and narrow, screen and paper. System fonts only; no attribute in the page carries style.

export const pageStyle = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --panel: #ffffff; --ink: #1c1e22; --quiet: #5b5f67; --line: #dedbd3; --grid: #eae7e0;
  --before: #70757e; --after: #b4441a; --retrained: #17697a; --other: #6a4c93;
  --good: #1f6b45; --bad: #a52f1d; --open: #75590a;
  --gone: #f9e0d9; --new: #d9ebef;
  --serif: "Iowan Old Style", Charter, "Bitstream Charter", "Palatino Linotype", Georgia, "Liberation Serif", serif;
  --sans: -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Consolas, "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171a; --panel: #1c1f23; --ink: #e8e6e1; --quiet: #a2a6ad; --line: #34383e; --grid: #282c31;
    --before: #a1a6af; --after: #f08a5c; --retrained: #62b9ca; --other: #b79be0;
    --good: #7cc79f; --bad: #f0917f; --open: #d9b95b;
    --gone: #4a2a22; --new: #1d414a;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0 auto; padding: 3rem 1.5rem 5rem; max-width: 69rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 var(--sans); overflow-wrap: anywhere; }
h1, h2, h3, h4, p, dl, dd, figure, pre { margin: 0; }
h1, h2, .headline { font-family: var(--serif); font-weight: 600; line-height: 1.2; text-wrap: balance; }
h1 { font-size: 1.5rem; unicode-bidi: isolate; }
h2 { font-size: 1.45rem; margin-bottom: 1.1rem; }
h3 { font-size: 1rem; margin: 1.8rem 0 .8rem; }
section { margin-top: 3.5rem; }
a { color: inherit; }
code, pre { font: .8125rem/1.6 var(--mono); }
pre { padding: .9rem 1.1rem; background: var(--panel); border: 1px solid var(--line); border-radius: 4px; overflow-x: auto; overflow-wrap: normal; }
summary { cursor: pointer; color: var(--quiet); width: fit-content; }
summary:hover { color: var(--ink); }
details[open] > summary { margin-bottom: .8rem; }
:focus-visible { outline: 2px solid var(--retrained); outline-offset: 3px; border-radius: 2px; }
.quiet, .note, .missing, .date, .overline, figcaption { color: var(--quiet); }
.note, figcaption { font-size: .875rem; max-width: 46rem; }
.note { margin: 0 0 1rem; }
.preface { margin-top: 1.2rem; } .preface .note { margin-bottom: .3rem; font-size: .9375rem; }
.overline { font-size: .8125rem; margin-bottom: .35rem; }
.date { font-size: .875rem; margin-top: .2rem; }
.notice { margin-top: 1rem; padding: .6rem 1rem; border-left: 3px solid var(--open); background: var(--panel); font-size: .9375rem; }

.verdict { margin-top: 1.75rem; padding: 1.6rem 1.75rem 1.35rem; background: var(--panel); border: 1px solid var(--line); border-left: 5px solid var(--tone); border-radius: 4px; --tone: var(--open); }
.verdict.forgotten { --tone: var(--good); }
.verdict.damaged, .verdict.remembered, .verdict.over-forgotten, .verdict.mixed { --tone: var(--bad); }
.headline { font-size: 2rem; color: var(--tone); }
.sentence { font-size: 1.125rem; line-height: 1.5; margin: .5rem 0 .9rem; max-width: 50rem; font-variant-numeric: tabular-nums; text-wrap: pretty; }
.verdict details { font-size: .875rem; color: var(--quiet); max-width: 50rem; }
.verdict details p + p { margin-top: .6rem; }

svg { display: block; width: 100%; height: auto; }
svg text { font: 12px var(--sans); fill: var(--quiet); font-variant-numeric: tabular-nums; }
svg .title { fill: var(--ink); }
.grid { stroke: var(--grid); stroke-width: 1; fill: none; }
.base, .tick { stroke: var(--quiet); stroke-width: 1; opacity: .6; }
.mark { stroke-width: 1; }
.mark.before { fill: var(--paper); stroke: var(--before); stroke-width: 2; }
.mark.after { fill: var(--after); }
.mark.retrained { fill: var(--retrained); }
.mark.other { fill: var(--other); }
.end .reach, .histogram .reach { stroke: var(--other); stroke-width: 2; stroke-opacity: .45; fill: none; }
.before .reach { stroke: var(--before); } .after .reach { stroke: var(--after); } .retrained .reach { stroke: var(--retrained); }
.key { display: inline-block; width: .85em; height: .85em; vertical-align: -.08em; }
.key.line { width: 1.75em; height: .62em; vertical-align: .05em; }
.legend { white-space: nowrap; margin-right: .9em; color: var(--ink); }

.trade-off { display: grid; grid-template-columns: minmax(0, 37rem) minmax(12rem, 1fr); gap: 1rem 2.5rem; align-items: center; }
.trade-off > svg { max-width: 37rem; }
.trade-off figcaption .legend { display: block; margin: .35rem 0; }
.trade-off .path { fill: none; stroke: var(--after); stroke-width: 1.5; stroke-opacity: .5; stroke-linejoin: round; }
.trade-off .step { fill: var(--after); stroke: var(--paper); stroke-width: 1.5; }
.curves text, .distribution text { font-size: 14px; }
.trade-off text { font-size: 11px; paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
.trade-off details { grid-column: 1 / -1; max-width: 40rem; font-size: .875rem; }
.trade-off .name { font-weight: 600; fill: var(--ink); }
.pareto > svg { max-width: 52rem; }
.pareto text { font-size: 11px; paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
.pareto .name { font-weight: 600; fill: var(--ink); }
.pareto figcaption { margin-top: .6rem; }
.front { fill: none; stroke: var(--good); stroke-width: 1.75; stroke-linejoin: round; }
.move { fill: none; stroke: var(--quiet); stroke-width: 1; stroke-dasharray: 2 3; stroke-opacity: .5; }
.seed { opacity: .65; } .seed.after { fill: var(--after); } .seed.default { fill: var(--other); }
.options { display: flex; flex-wrap: wrap; gap: .25rem; margin-bottom: 1.1rem; }
button { font: inherit; font-size: .875rem; color: var(--quiet); background: none; border: 1px solid var(--line); border-radius: 3px; padding: .3rem .8rem; cursor: pointer; }
button:hover { color: var(--ink); }
button[aria-pressed=true] { color: var(--paper); background: var(--ink); border-color: var(--ink); }

.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 1.5rem 2rem; }
.curve { fill: none; stroke: var(--ink); stroke-width: 1.75; stroke-linejoin: round; }
circle.stop { stroke: var(--paper); stroke-width: 1; stroke-dasharray: none; fill: var(--ink); }
.stop.c1 { fill: var(--after); } .stop.c2 { fill: var(--retrained); } .stop.c3 { fill: var(--other); } .stop.c4 { fill: var(--before); }
.level { stroke: var(--quiet); stroke-dasharray: 2 3; }
.c1 { stroke: var(--after); stroke-dasharray: 6 3; } .c2 { stroke: var(--retrained); stroke-dasharray: 2 3; }
.c3 { stroke: var(--other); stroke-dasharray: 8 3 2 3; } .c4 { stroke: var(--before); stroke-dasharray: 1 4; }

table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 400; }
thead th { font-size: .875rem; color: var(--quiet); border-bottom: 1px solid var(--quiet); vertical-align: bottom; }
th, td { padding: .45rem .75rem; }
th:first-child { padding-left: 0; } td:last-child { padding-right: 0; }
td, tbody th { border-bottom: 1px solid var(--line); }
.role { margin-left: .3rem; }
.group th { font-weight: 600; padding-top: 1.6rem; }
.figure { text-align: right; white-space: nowrap; }
thead .figure { white-space: normal; }
.interval { display: block; font-size: .75rem; line-height: 1.2; color: var(--quiet); }
.role, .mode { font-size: .75rem; font-weight: 400; color: var(--quiet); border: 1px solid var(--line); border-radius: 3px; padding: .05rem .4rem; white-space: nowrap; }
.role.forget { color: var(--after); border-color: currentColor; } .role.retain { color: var(--retrained); border-color: currentColor; }
.picture { width: 11rem; } .strip { width: 10rem; }
.reading { font-size: .9375rem; min-width: 8rem; } .reading.good { color: var(--good); } .reading.bad { color: var(--bad); font-weight: 600; } .reading.open { color: var(--quiet); }
.measures + .note { margin-top: 1.1rem; }
.terms { font-size: .875rem; color: var(--quiet); columns: 2; column-gap: 2.5rem; }
.terms div { break-inside: avoid; margin-bottom: .35rem; } .terms dt { display: inline; color: var(--ink); } .terms dt::after { content: ": "; } .terms dd { display: inline; }

.wide { overflow-x: auto; }
.choice + .note, .wide + .note { margin-top: 1.1rem; }
.wide th { overflow-wrap: normal; }
.map { width: auto; } .map th, .map td { white-space: nowrap; padding: 0 .1rem; border: 0; text-align: center; }
.map th[scope=row] { padding-right: .7rem; font-size: .875rem; color: var(--quiet); text-align: right; }
.map thead th { border: 0; } .map thead th:first-child { padding: 0 .7rem .2rem 0; text-align: right; }
.map thead span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; padding-top: .3rem; }
.cell { width: 1.875rem; height: 1.25rem; display: inline-block; vertical-align: middle; }
.cell .first { fill: var(--other); } .cell .second { fill: var(--retrained); }
.cell .outline { fill: none; stroke: var(--line); } .cell .chosen { fill: none; stroke: var(--after); stroke-width: 2; }
.outside { display: inline-block; margin: .5rem 1.2rem 0 0; white-space: nowrap; font-size: .875rem; }
.legends { margin-top: .9rem; } .legends .outside { white-space: normal; }
.results { font-size: .875rem; }
.results th, .results td { padding: .4rem .6rem; }
.results th:first-child { position: sticky; left: 0; background: var(--paper); white-space: nowrap; }
.results thead .figure { min-width: 6rem; }
.results .model th, .results .model td { color: var(--quiet); }
sup { font-size: .7em; line-height: 0; }
ol.note { padding-left: 1.4rem; margin-top: .8rem; }

.answer { padding: 1rem 0 1.1rem; border-top: 1px solid var(--line); }
h4 { font-size: 1rem; font-weight: 600; unicode-bidi: isolate; }
.said { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 14rem), 1fr)); gap: .8rem 2rem; margin-top: .7rem; }
.speech p { white-space: pre-wrap; unicode-bidi: isolate; }
.speech.expected { color: var(--quiet); display: flex; gap: .6rem; }
.speech.expected p { min-width: 0; }
.who { font-size: .8125rem; color: var(--quiet); white-space: nowrap; }
.speech.expected .who { line-height: 1.9; }
.long { max-height: 15rem; overflow-y: auto; padding: .5rem .7rem; border: 1px solid var(--line); border-radius: 3px; background: var(--panel); }
del, ins { border-radius: 2px; padding: 0 .12em; color: inherit; -webkit-box-decoration-break: clone; box-decoration-break: clone; }
del { background: var(--gone); text-decoration: underline dotted; text-decoration-color: var(--after); text-underline-offset: .2em; }
ins { background: var(--new); text-decoration: underline; text-decoration-color: var(--retrained); text-decoration-thickness: 1px; text-underline-offset: .2em; }
.answers > details > summary { padding: .6rem 0; }

.distributions { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 2.2rem 2.5rem; }
.distribution figcaption { margin-bottom: .6rem; } .distribution strong { color: var(--ink); font-weight: 600; }
.histogram text { fill: var(--ink); } .histogram .quiet { fill: var(--quiet); }
.histogram .bar { fill: var(--other); fill-opacity: .55; }
.histogram.before .bar { fill: var(--before); } .histogram.after .bar { fill: var(--after); } .histogram.retrained .bar { fill: var(--retrained); }
.histogram .dot { fill: var(--other); } .histogram.before .dot { fill: var(--before); } .histogram.after .dot { fill: var(--after); } .histogram.retrained .dot { fill: var(--retrained); }
.histogram .reach { stroke-width: 2; stroke-opacity: 1; }

.facts { font-size: .9375rem; }
.facts div { display: grid; grid-template-columns: 14rem 1fr; gap: 0 1.5rem; padding: .35rem 0; border-bottom: 1px solid var(--line); }
.facts dt { color: var(--quiet); } .facts dd { min-width: 0; } .facts strong { font-weight: 600; margin-right: .5em; }
#reproduce pre { margin-bottom: .8rem; }

@media (max-width: 52rem) {
  .trade-off { grid-template-columns: minmax(0, 1fr); }
  .trade-off figcaption .legend { display: inline-block; margin: 0 .9em 0 0; }
}
@media (max-width: 44rem) {
  body { padding: 1.5rem 1rem 3rem; }
  section { margin-top: 2.75rem; }
  .verdict { padding: 1.1rem 1.1rem 1rem; } .headline { font-size: 1.5rem; } .sentence { font-size: 1rem; }
  .trade-off text { font-size: 14.5px; }
  .pareto text { font-size: 17px; }
  .results, .results tbody { display: block; }
  .results thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .results tr { display: flex; flex-wrap: wrap; gap: .4rem 1.1rem; padding: .75rem 0; border-bottom: 1px solid var(--line); }
  .results th, .results td { border: 0; padding: 0; }
  .results th:first-child { position: static; flex: 1 0 100%; font-weight: 600; }
  .results .figure { text-align: left; }
  .results .figure:empty { display: none; }
  .results .figure::before { content: attr(data-label); display: block; font-size: .75rem; color: var(--quiet); }
  .terms { columns: 1; }
  .facts div { grid-template-columns: 1fr; padding: .5rem 0; }
  .speech.expected { display: block; }
  .measures, .measures tbody { display: block; }
  .measures thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .measures tr { display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; padding: .75rem 0; border-bottom: 1px solid var(--line); }
  .measures th, .measures td { border: 0; padding: 0; }
  .measures th[scope=row] { flex: 1 0 55%; }
  .measures .group { padding: 1.6rem 0 .5rem; } .measures .group th { padding: 0; }
  .measures .figure { text-align: left; flex: 1 0 auto; }
  .measures .figure::before { content: attr(data-label); display: block; font-size: .75rem; color: var(--quiet); }
  .measures .count { flex: 0 1 auto; }
  .measures .picture { order: 1; width: 100%; } .measures .picture:empty { display: none; } .strip { width: 100%; max-width: 13rem; }
  .measures .reading { order: -1; min-width: 0; text-align: right; } .measures th { order: -2; }
}
@media print {
  :root { --paper: #fff; --panel: #fff; --ink: #000; --quiet: #444; --line: #ccc; --grid: #e5e5e5; color-scheme: light;
    --before: #70757e; --after: #b4441a; --retrained: #17697a; --other: #6a4c93; --good: #1f6b45; --bad: #a52f1d; --open: #75590a; --gone: #f9e0d9; --new: #d9ebef; }
  body { padding: 0; max-width: none; font-size: 10pt; }
  .options, .verdict details summary { display: none; }
  .long { max-height: none; }
  section { margin-top: 1.75rem; }
  h2, h3, h4 { break-after: avoid; }
  figure, tr, .answer, .verdict { break-inside: avoid; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  * { print-color-adjust: exact; }
}
`;
