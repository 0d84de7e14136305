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
