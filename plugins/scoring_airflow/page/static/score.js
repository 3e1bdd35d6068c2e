// The page of a score: how it stands, its filters, and a section per question; each section loads by itself.

import { read, told } from "./app.js";
import { plotly } from "./charts.js";
import { airflow, badge, el, empty, here, query, quiet } from "./dom.js";
import { filters } from "./filters.js";
import { count, days, figure, interval, metricName, moment, plural } from "./format.js";
import { TONES, trust } from "./overview.js";
import * as sections from "./sections.js";

export async function score(asked) {
  const path = `api/scores/${encodeURIComponent(asked.score)}`;
  const dates = { first: asked.from, last: asked.to };
  const { metric, segment, against, cohort, as_of } = asked;
  plotly().catch(() => null); // told where a chart is missing
  // All are asked for at once; a section that fails says so itself.
  const reading = Object.fromEntries(
    Object.entries({
      trend: { ...dates, metric, segment }, drift: { ...dates, segment, against }, distribution: { ...dates, segment },
      cohort: { ...dates, as_of: cohort }, partition: { as_of }, reports: {},
    }).map(([part, parameters]) => [part, read(`${path}/${part}${query(parameters)}`)]),
  );
  for (const one of Object.values(reading)) one.catch(() => null);
  const about = await read(`${path}${query(dates)}`);
  const known = Promise.resolve(about);
  document.title = `${about.line.title} · Scoring`;
  const page = [head(about), tiles(about), filters(about, asked)];
  if (!about.dates.length) {
    page.push(empty("Nothing is published in these dates.", about.line.published ? "Choose other dates." : `Run the DAG ingest_${about.line.data_set}; the score follows.`));
    return page;
  }
  page.push(
    el("div", { class: "sections" },
      section("How well it does", "wide", reading.trend, (data) => sections.trend(data, about)),
      section("What has drifted", "wide", reading.drift, (data) => sections.drift(data, about)),
      section("How scores are spread", "", reading.distribution, sections.spread),
      section("Expected and observed", "", reading.cohort, (data) => sections.calibration(data, about)),
      about.line.kind === "classification" && section("Precision and recall by band", "", reading.cohort, sections.bands),
      about.bands.length > 0 && section("From band to band", "", reading.partition, (data) => sections.migration(data, about)),
      section("The estimator's record", "", reading.trend, sections.record),
      section("Updates", "", known, sections.updates),
      section("Models", "", known, sections.versions),
      section("In charge", "", known, sections.ledger),
      section("Verdicts on new versions", "", known, sections.verdicts),
      section("Experiments", "wide", known, sections.experiments),
      section("Requests to retrain", "", known, sections.requests),
      section("Where these scores come from", "", reading.partition, (data) => sections.lineage(data, about)),
      section("Reports", "", reading.reports, (data) => sections.reports(data, about)),
    ),
  );
  return page;
}

/** A section with a heading; when its data has come, `show` makes {note, button, body} of it. */
function section(title, kind, coming, show) {
  const id = title.toLowerCase().replaceAll(/[^a-z]+/g, "-");
  const tools = el("div", { class: "tools" });
  const note = quiet();
  const body = el("div", { class: "body" }, quiet("Loading …"));
  const made = el("section", { class: kind, "aria-labelledby": id }, el("div", { class: "title" }, el("h2", { id }, title), tools), note, body);
  coming
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
  const model = line.in_charge;
  return el("dl", { class: "tiles" },
    tile("Last publication", one ? one.as_of : "–", one && plural(one.customers, "customer"), one && `${count(one.changed)} changed`, one && moment(one.published_at)),
    tile("Freshness", badge(line.freshness.word, TONES[line.freshness.word]), line.freshness.deadline ? `deadline ${moment(line.freshness.deadline)}` : null),
    stated("Realised", line.realised),
    stated("Estimated", line.estimated, line.verdict && trust(line.verdict, line.estimated), line.estimated && line.verdict?.trust_reason),
    tile("Drifted features", line.verdict?.drifted_columns ?? "–", "since training"),
    tile("Model in charge", model ? sections.inMlflow(about, model.model_version, `version ${model.model_version}`) : "–", model ? `for ${plural(days(model.since, about.now), "day")}, since ${model.since.slice(0, 10)}` : null),
  );
}
