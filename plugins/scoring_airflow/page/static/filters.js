// What is looked at; every choice stands in the URL, so a link shows the same to everybody.

import { el, here } from "./dom.js";
import { metricName } from "./format.js";

export function filters(about, asked) {
  const dates = [...about.dates].reverse();
  return el("form", { class: "filters", method: "get", "aria-label": "What is shown", submit: withoutEmpty },
    el("input", { type: "hidden", name: "score", value: asked.score }),
    choice("Metric", "metric", asked.metric || about.headline, about.metrics.map((metric) => [metric, metricName(metric)])),
    date("From", "from", asked.from),
    date("To", "to", asked.to),
    about.segments.length ? choice("Customers", "segment", asked.segment, [["", "all"], ...about.segments.map((name) => [name, name.replace("=", " = ")])]) : null,
    choice("Drift against", "against", asked.against || "training", [["training", "training"], ["previous", "the publication before"]]),
    choice("Cohort", "cohort", asked.cohort, [["", "newest mature"], ...dates.map((day) => [day, day])]),
    choice("Partition", "as_of", asked.as_of, [["", "newest"], ...dates.map((day) => [day, day])]),
    el("button", { type: "submit" }, "Show"),
    here({ score: asked.score }, "Reset"),
    about.more ? el("span", { class: "quiet" }, `the newest ${about.dates.length} dates; choose dates to see others`) : null,
  );
}

function choice(label, name, chosen, options) {
  const select = el("select", { name }, options.map(([value, text]) => el("option", { value, selected: value === (chosen ?? "") }, text)));
  return el("label", {}, label, select);
}

// A date field of the browser would show the date in the way of its country.
const date = (label, name, value) =>
  el("label", {}, label, el("input", { name, value, placeholder: "2026-11-26", pattern: "\\d{4}-\\d{2}-\\d{2}", title: "A date such as 2026-11-26", size: 10, autocomplete: "off" }));

/** Leave empty choices out of the URL. */
function withoutEmpty(event) {
  for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
}
