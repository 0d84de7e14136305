"""The page's style and script. The script only shows what is on the page already: it builds nothing from data."""

from __future__ import annotations

import base64
import hashlib

CSS = """
:root{--paper:#f6f7f9;--panel:#fff;--ink:#1a2330;--soft:#566273;--line:#dde2e8;--accent:#1f6feb;--s1:#1f6feb;--s2:#d9730d;--s3:#2da44e;--s4:#8250df;
--spline:#1f2933;--wire:#52606d;--symbolic:#d1242f;--both:#8250df;--mark:#eef4ff;color-scheme:light}
:root[data-theme=dark]{--paper:#0f1318;--panel:#171d25;--ink:#e6eaf0;--soft:#9aa7b6;--line:#2b343f;--accent:#6aa5ff;--s1:#6aa5ff;--s2:#ffab5e;--s3:#5fd07f;
--s4:#bb98ff;--spline:#e6eaf0;--wire:#8e9bab;--symbolic:#ff7b83;--both:#bb98ff;--mark:#1c2a40;color-scheme:dark}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){--paper:#0f1318;--panel:#171d25;--ink:#e6eaf0;--soft:#9aa7b6;--line:#2b343f;
--accent:#6aa5ff;--s1:#6aa5ff;--s2:#ffab5e;--s3:#5fd07f;--s4:#bb98ff;--spline:#e6eaf0;--wire:#8e9bab;--symbolic:#ff7b83;--both:#bb98ff;--mark:#1c2a40;
color-scheme:dark}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
.page{max-width:1120px;margin:0 auto;padding:0 20px 64px}
header{padding:36px 0 8px}
.top{display:flex;gap:16px;align-items:flex-start;justify-content:space-between}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 6px;overflow-wrap:anywhere;min-width:0}
h2{font-size:1.2rem;margin:40px 0 6px}
p{margin:0 0 10px}p,li{overflow-wrap:anywhere}
.lead,.sub{color:var(--soft)}
nav{display:flex;flex-wrap:wrap;gap:4px 16px;margin:14px 0 0;font-size:.9rem}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
button{flex:none;font:inherit;font-size:.82rem;color:var(--ink);background:var(--panel);
border:1px solid var(--line);border-radius:8px;padding:4px 10px;cursor:pointer}
button:hover{border-color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:20px 0 0;padding:0;list-style:none}
.facts li{background:var(--panel);border:1px solid var(--line);border-radius:12px;padding:12px 14px;min-width:0;overflow-wrap:anywhere}
.facts b{display:block;font-size:1.25rem;line-height:1.3}.facts span{color:var(--soft);font-size:.85rem}
.panel{background:var(--panel);border:1px solid var(--line);border-radius:12px;margin:0;padding:14px 16px;min-width:0}
figcaption{font-weight:600;margin:0 0 8px;overflow-wrap:anywhere}figcaption small{display:block;font-weight:400;color:var(--soft)}
.grid2,.grid3,.cards{display:grid;gap:14px;margin:12px 0}
.grid2{grid-template-columns:repeat(auto-fit,minmax(min(100%,430px),1fr))}.grid2>.wide{grid-column:1/-1}
.grid3,.cards{grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr))}
.scroll{overflow-x:auto;max-width:100%;scrollbar-width:thin}
table{border-collapse:collapse;width:100%;font-size:.92rem;margin:8px 0}
caption{text-align:left;color:var(--soft);padding:0 0 6px}
th,td{padding:7px 12px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
thead th{color:var(--soft);font-weight:500}
th:first-child{text-align:left;white-space:normal;overflow-wrap:anywhere;min-width:130px;font-weight:500}
tr.marked{background:var(--mark)}tr.marked th{font-weight:700}
.note{display:block;color:var(--soft);font-weight:400}

.hit{font-weight:700}.none{color:var(--soft)}.miss{color:var(--symbolic)}
.math{overflow-x:auto;font-size:1.25rem;line-height:2.1}
.formula math{white-space:nowrap;margin-right:.15em}
math{font-family:"STIX Two Math","Latin Modern Math","Cambria Math",math,serif}
.code{display:flex;align-items:flex-start;gap:10px;margin:10px 0;background:var(--panel);border:1px solid var(--line);border-radius:12px;padding:10px}
pre{flex:1;min-width:0;margin:0;padding:4px 6px;overflow-x:auto;font-size:.86rem;line-height:1.5;scrollbar-width:thin}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
details{margin:8px 0}summary{cursor:pointer;color:var(--accent)}
svg{display:block}.spark{display:inline-block;width:100px;height:22px;vertical-align:middle}
.chart{width:100%;height:auto;max-width:460px}.chart.big{max-width:none}.chart.small{display:none}
.chart text{fill:var(--soft);font-size:11px}.chart .title{fill:var(--ink)}
.grid{stroke:var(--line);stroke-width:1}.stage{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 3}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.s1{stroke:var(--s1)}.s2{stroke:var(--s2)}.s3{stroke:var(--s3)}.s4{stroke:var(--s4)}
.line.spline{stroke:var(--spline)}.line.symbolic{stroke:var(--symbolic)}.line.both{stroke:var(--both)}
.fit{stroke:var(--symbolic);stroke-dasharray:5 5}
.faint{stroke:var(--soft);stroke-width:1;opacity:.3}.rule{stroke:var(--soft);stroke-width:1;stroke-dasharray:4 4}
.dots{fill:none;stroke-width:4;stroke-linecap:round;opacity:.45}
.bar{fill:var(--s1);stroke:none;opacity:.8}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:8px 0 0;padding:0;list-style:none;font-size:.88rem;color:var(--soft)}
.key{display:inline-block;width:18px;height:0;border-top:3px solid;margin-right:7px;vertical-align:middle}
.key.s1{border-color:var(--s1)}.key.s2{border-color:var(--s2)}.key.s3{border-color:var(--s3)}.key.s4{border-color:var(--s4)}
.key.spline{border-color:var(--spline)}.key.symbolic{border-color:var(--symbolic)}.key.fit{border-top-style:dashed;border-color:var(--symbolic)}
.network{height:auto;margin:0 auto}
.wire{fill:none;stroke:var(--wire);stroke-width:1.3}.wire.symbolic{stroke:var(--symbolic)}.wire.both{stroke:var(--both)}
.card{fill:var(--panel)}.frame{fill:none;stroke:var(--spline);stroke-width:1}.curve{fill:none;stroke:var(--spline);stroke-width:2.1;stroke-linecap:round}
.symbolic .frame,.symbolic .curve{stroke:var(--symbolic)}.both .frame,.both .curve{stroke:var(--both)}
.form{fill:var(--symbolic)}.both .form{fill:var(--both)}.name{fill:var(--ink)}
.stem{fill:none;stroke:var(--ink);stroke-width:1.5}.dot{fill:var(--ink)}.ring{fill:var(--panel);stroke:var(--ink);stroke-width:1.4}
.network [data-edge]{cursor:pointer}.network [data-edge]:hover .card,.network [data-edge]:focus .card{fill:var(--mark)}
.wire.lit{stroke-width:3;opacity:1}
.network :focus{outline:none}.network :focus-visible .frame{stroke:var(--accent);stroke-width:3}
.told{margin:6px 0 0;font-size:.92rem}.eq{overflow-wrap:anywhere}
.badge{display:inline-block;background:var(--mark);border-radius:6px;padding:0 7px;white-space:nowrap}
#peek{position:fixed;right:16px;bottom:16px;width:min(350px,calc(100vw - 24px));z-index:5;pointer-events:none}
#peek .card-edge{box-shadow:0 6px 28px rgb(0 0 0/.28)}
#peek .card-edge.open{pointer-events:auto;box-shadow:0 0 0 2px var(--accent),0 6px 28px rgb(0 0 0/.28)}
footer{margin-top:48px;color:var(--soft);font-size:.85rem}
@media (max-width:560px){.page{padding:0 12px 48px}h1{font-size:1.4rem}.panel{padding:12px}th,td{padding:6px 8px}.math{font-size:1.1rem}
.facts{grid-template-columns:repeat(auto-fit,minmax(130px,1fr))}.chart.big{display:none}.chart.small{display:block}
.stack thead{display:none}.stack tr{display:grid;grid-template-columns:1fr 1fr;gap:0 16px;padding:8px 0;border-bottom:1px solid var(--line)}
.stack th,.stack td{border:0;padding:2px 4px}.stack th{grid-column:1/-1}.stack td{display:flex;justify-content:space-between;white-space:normal}
.stack .spark{width:66px}.stack td::before{content:attr(data-label);color:var(--soft)}}
@media print{nav,button,#peek{display:none}body{background:#fff}.panel{break-inside:avoid}}
""".strip()

SCRIPT = """
"use strict";
const root = document.documentElement;
document.getElementById("theme").addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    const text = button.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(text);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
const peek = document.getElementById("peek");
let pinned = null;
function show(edge) {
  const card = edge && document.getElementById(edge.dataset.edge);
  for (const lit of document.querySelectorAll(".wire.lit")) lit.classList.remove("lit");
  if (edge) for (const wire of edge.ownerSVGElement.querySelectorAll(`[data-of="${edge.dataset.edge}"]`)) wire.classList.add("lit");
  if (!card) { peek.replaceChildren(); return; }
  const copy = card.cloneNode(true);
  copy.removeAttribute("id");
  copy.classList.toggle("open", edge === pinned);
  peek.replaceChildren(copy);
}
for (const edge of document.querySelectorAll("[data-edge]")) {
  edge.addEventListener("mouseenter", () => show(edge));
  edge.addEventListener("focus", () => show(edge));
  edge.addEventListener("mouseleave", () => show(pinned));
  edge.addEventListener("blur", () => show(pinned));
  edge.addEventListener("click", () => pin(edge));
  edge.addEventListener("keydown", event => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pin(edge); }
  });
}
function pin(edge) { pinned = pinned === edge ? null : edge; show(pinned); }
function release() { pinned = null; show(null); }
if (peek) peek.addEventListener("click", release);
document.addEventListener("keydown", event => { if (event.key === "Escape") release(); });
""".strip()


def policy() -> str:
    """What the page may load: nothing from anywhere, and no script but the one above, whatever a name in the data may
    hold."""
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:; base-uri 'none';"
        " form-action 'none'"
    )
