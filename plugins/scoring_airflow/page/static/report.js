// A report in a frame of its own, which cannot reach Airflow; above it the way back.

import { el, here } from "./dom.js";

export function report({ score, report: kind, as_of }) {
  document.title = `${kind} report · Scoring`;
  const place = `reports/${encodeURIComponent(score)}/${encodeURIComponent(as_of)}/${encodeURIComponent(kind)}`;
  return [
    el("header", { class: "page" }, el("nav", { "aria-label": "Back" }, here({ score, as_of }, "← The score")), el("h1", {}, `${score}: ${kind} report, ${as_of}`)),
    el("iframe", { class: "report", title: `${kind} report`, sandbox: "allow-scripts", src: place }),
  ];
}
