// The page of a score: how it stands, its filters, and a section per question; each section loads by itself.

import { read, told } from "./app.js";
import { airflow, badge, el, empty, here, query, quiet } from "./dom.js";
import { filters } from "./filters.js";
import { count, days, figure, interval, metricName, moment, plural } from "./format.js";
import { TONES, trust } from "./overview.js";
import * as sections from "./sections.js";

export async function score(asked) {
  const path = `api/scores/${encodeURIComponent(asked.score)}`;
  const window = { first: asked.from, last: asked.to };
  const about = await read(`${path}${query(window)}`);
  document.title = `${about.line.title} · Scoring`;
  const of = (part, parameters) => () => read(`${path}/${part}${query(parameters)}`);
  const segment = asked.segment;
  const page = [head(about), tiles(about), filters(about, asked)];
  if (!about.dates.length) {
    page.push(empty("Nothing is published in these dates.", about.line.published ? "Choose other dates." : `Run the DAG ingest_${about.line.data_set}; the score follows.`));
    return page;
  }
  const metric = asked.metric || about.headline;
  page.push(
    el("div", { class: "sections" },
      section("How well it does", "wide", of("trend", { ...window, metric, segment }), (data) => sections.trend(data, about, metric)),
      section("What has drifted", "wide", of("drift", { ...window, segment, against: asked.against }), (data) => sections.drift(data, about)),
      section("How scores are spread", "", of("distribution", { ...window, segment }), sections.spread),
      section("Expected and observed", "", of("cohort", { ...window, as_of: asked.cohort }), (data) => sections.calibration(data, about)),
      about.line.kind === "classification" && section("Precision and recall by band", "", of("cohort", { ...window, as_of: asked.cohort }), sections.bands),
      about.bands.length > 0 && section("From band to band", "", of("partition", { as_of: asked.as_of }), (data) => sections.migration(data, about)),
      section("The estimator's record", "", of("trend", { ...window, metric, segment }), (data) => sections.record(data, metric)),
      section("Updates", "", async () => about, sections.updates),
      section("Models", "", async () => about, sections.versions),
      section("Requests to retrain", "", async () => about, sections.requests),
      section("Where these scores come from", "", of("partition", { as_of: asked.as_of }), (data) => sections.lineage(data, about)),
      section("Reports", "", of("reports"), (data) => sections.reports(data, about)),
    ),
  );
  return page;
}

/** A section with a heading; `read` gets its data, `show` makes {note, button, body} of it. */
function section(title, kind, load, show) {
  const id = title.toLowerCase().replaceAll(/[^a-z]+/g, "-");
  const tools = el("div", { class: "tools" });
  const note = quiet();
  const body = el("div", { class: "body" }, quiet("Loading …"));
  const made = el("section", { class: kind, "aria-labelledby": id }, el("div", { class: "title" }, el("h2", { id }, title), tools), note, body);
  load()
    .then((data) => {
      const shown = show(data);
      note.replaceChildren(...[shown.note].flat().filter(Boolean));
      if (shown.button) tools.replaceChildren(shown.button);
      body.replaceChildren(shown.body);
    })
    .catch((error) => body.replaceChildren(told(error)))
    .finally(() => (made.dataset.ready = "true"));
  return made;
}

function head(about) {
  const { line } = about;
  const judged = line.verdict;
  const verdict = judged ? badge(judged.update_needed ? "update needed" : "holds", judged.update_needed ? "bad" : "good") : badge("not judged", "idle");
  return el("header", { class: "page" },
    el("nav", { "aria-label": "Back" }, here({}, "← All scores")),
    el("h1", {}, line.title), verdict,
    quiet(`${line.score} · ${line.data_set} · ${line.owner}`),
    about.description ? el("p", { class: "quiet whole" }, about.description) : null,
    judged?.update_needed ? el("ul", { class: "reasons whole" }, judged.because.map((reason) => el("li", {}, reason))) : null,
    el("p", { class: "quiet whole" }, "In Airflow: ", about.dags.flatMap((dag, at) => [at ? " · " : null, airflow(`dags/${dag.dag_id}`, dag.dag_id), ` ${dag.does}`])),
  );
}

function tiles(about) {
  const { line } = about;
  const tile = (name, value, ...notes) => el("div", {}, el("dt", {}, name), el("dd", {}, value, notes.filter(Boolean).map((note) => quiet(note))));
  const one = line.published;
  const stated = (kind, found, ...notes) => tile(`${kind} ${metricName(about.headline)}`, figure(found?.value), found ? `${found.reason ?? interval(found.low, found.high)}, ${found.as_of}` : "none yet", ...notes);
  const model = line.models[0];
  return el("dl", { class: "tiles" },
    tile("Last publication", one ? one.as_of : "–", one && plural(one.customers, "customer"), one && `${count(one.changed)} changed`, one && moment(one.published_at)),
    tile("Freshness", badge(line.freshness.word, TONES[line.freshness.word]), line.freshness.deadline ? `deadline ${moment(line.freshness.deadline)}` : null),
    stated("Realised", line.realised),
    stated("Estimated", line.estimated, line.verdict && trust(line.verdict, line.estimated), line.estimated && line.verdict?.trust_reason),
    tile("Drifted features", line.verdict?.drifted_columns ?? "–", "since training"),
    tile("Model in charge", model ? `version ${model.model_version}` : "–", model ? `${plural(days(model.since, about.now), "day")} old, since ${model.since.slice(0, 10)}` : null),
  );
}
