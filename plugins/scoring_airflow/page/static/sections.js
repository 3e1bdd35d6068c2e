// A function per section: from what the server read to {note, button, body}.

import { chart } from "./charts.js";
import * as draw from "./drawings.js";
import { airflow, badge, el, elsewhere, empty, here, quiet, table } from "./dom.js";
import { count, figure, metricName, moment, plural, share } from "./format.js";

const nothing = (what, remedy) => ({ body: empty(what, remedy) });
const number = (title, cell) => ({ title, number: true, cell });

export function trend(data, about) {
  const { points, metric } = data.trend;
  if (!points.some((point) => point.value !== null)) {
    const why = points.find((point) => point.reason)?.reason;
    return nothing(why ? `Undefined: ${why}.` : "No figure yet.", why ? null : `Run the DAG monitor_${about.line.score}. Realised figures come when a cohort is mature, estimates before.`);
  }
  const better = about.greater_is_better.includes(metric) ? "higher is better" : metric === "bias" || metric.endsWith("_rate") ? null : "lower is better";
  const realised = points.filter((point) => point.kind === "realised");
  const last = realised.at(-1);
  return {
    note: `${metricName(metric)} by cohort, with 95 % intervals${better ? `; ${better}` : ""}. Realised: mature cohorts only.`,
    ...chart({
      name: metricName(metric), height: 300,
      said: last ? `${plural(realised.length, "mature cohort")}, newest ${last.as_of}: ${figure(last.value)}` : "estimates only",
      draw: (colour) => draw.trend(data.trend, metric, colour),
      columns: [
        { title: "Cohort", key: true, cell: (row) => row.as_of }, { title: "Kind", cell: (row) => row.kind }, number(metricName(metric), (row) => figure(row.value)),
        number("Low", (row) => figure(row.low)), number("High", (row) => figure(row.high)), number("Customers", (row) => count(row.n)),
        number("Model version", (row) => row.model_version ?? "several"), { title: "", cell: (row) => row.reason ?? "" },
      ],
      rows: [...points].reverse(),
    }),
  };
}

export function drift(data, about) {
  const reason = data.reasons.findLast(Boolean);
  if (!data.rows.length) {
    return nothing(reason ? `Not compared: ${reason}.` : "Nothing was compared yet.", reason ? null : `Run the DAG monitor_${about.line.score}.`);
  }
  const label = (row) => (row.kind === "missing" ? `${row.column} (missing)` : row.kind === "score" ? "the score itself" : row.column);
  const newest = data.dates.length - 1;
  const drifted = data.rows.filter((row) => row.drifted[newest]).map(label);
  return {
    note: `Jensen-Shannon distance from ${data.against === "training" ? "the customers that the model learned from" : "the publication before"}; a mark is a verdict: at least ${data.least} and no chance.` +
      (data.of > data.rows.length ? ` The ${data.rows.length} of ${data.of} columns that moved most.` : ""),
    ...chart({
      name: "Drift by column and date", height: 76 + 20 * data.rows.length,
      said: `at ${data.dates[newest]} ${drifted.length ? `${drifted.join(", ")} drifted` : "nothing drifted"}`,
      draw: (colour) => draw.heat(data, label, colour),
      columns: [
        { title: "Column", key: true, cell: label }, number(`Distance, ${data.dates[newest]}`, (row) => figure(row.distance[newest])), number("PSI", (row) => figure(row.psi)),
        { title: "Verdict", cell: (row) => (row.drifted[newest] ? badge("drifted", "warn") : "–") },
        number("Largest distance", (row) => figure(Math.max(...row.distance.filter((one) => one !== null)))), number("Dates drifted", (row) => count(row.drifted.filter(Boolean).length)),
      ],
      rows: data.rows,
    }),
  };
}

export function spread(data) {
  if (!data.length) return nothing("No distribution yet.", "The monitor DAG of this score counts its values.");
  const last = data.at(-1);
  return {
    note: "Median, and where the middle 50 % and 80 % of the customers are.",
    ...chart({
      name: "Score by date", height: 260, said: `at ${last.as_of} the median is ${figure(last.p50)}`, draw: (colour) => draw.spread(data, colour),
      columns: [{ title: "Date", key: true, cell: (row) => row.as_of }, ...["p10", "p25", "p50", "p75", "p90"].map((part) => number(part.toUpperCase(), (row) => figure(row[part]))), number("Customers", (row) => count(row.customers))],
      rows: [...data].reverse(),
    }),
  };
}

const cohortNote = ({ as_of, used, rows, known_at }) => `Cohort ${as_of}: ${count(used)} of ${count(rows)} outcomes known (${share(used, rows)})${known_at ? `, as of ${moment(known_at)}` : ""}.`;
const immature = () => nothing("No mature cohort in these dates.", "It comes when its horizon has passed and enough outcomes are known; the DAG collect_outcomes brings them.");

export function calibration(data, about) {
  const rows = data.ranges.filter((range) => range.grouping_by === "decile" && range.n);
  if (!data.evaluated || !rows.length) return immature();
  return {
    note: `${cohortNote(data.evaluated)} A point is a tenth of the customers; on the line, what was expected was observed.`,
    ...chart({
      name: "Expected and observed", height: 260, said: `${rows.length} tenths`, draw: (colour) => draw.calibration(rows, about.line.kind, colour),
      columns: [number("Tenth", (row) => row.bin), { title: "Values", cell: (row) => row.label }, number("Customers", (row) => count(row.n)), number("Expected", (row) => figure(row.expected)),
        number("Observed", (row) => figure(row.observed)), number("Low", (row) => figure(row.observed_low)), number("High", (row) => figure(row.observed_high))],
      rows,
    }),
  };
}

export function bands(data) {
  const rows = data.ranges.filter((range) => range.grouping_by === "band");
  if (!data.evaluated) return immature();
  if (!rows.length) return nothing("This score has no bands.");
  return {
    note: `${cohortNote(data.evaluated)} Precision and recall are those of saying yes to the band and all higher ones.`,
    body: table("Precision and recall by band", [
      { title: "Band", key: true, cell: (row) => row.label }, number("Customers", (row) => count(row.n)), number("Expected", (row) => figure(row.expected)), number("Observed", (row) => figure(row.observed)),
      number("Precision", (row) => figure(row.precision)), number("Recall", (row) => figure(row.recall)),
    ], rows, { class: "figures" }),
  };
}

export function migration(data, about) {
  if (!data.moves.length) return nothing(`No moves between bands at ${data.lineage.as_of}.`, `The DAG monitor_${about.line.score} counts them; the first publication has none.`);
  const total = data.moves.reduce((sum, move) => sum + move.customers, 0);
  const stayed = data.moves.filter((move) => move.previous_band === move.band).reduce((sum, move) => sum + move.customers, 0);
  const most = Math.max(...data.moves.map((move) => move.customers));
  const names = [...new Set([...about.bands, ...data.moves.flatMap((move) => [move.previous_band, move.band])])];
  const at = new Map(data.moves.map((move) => [`${move.previous_band} ${move.band}`, move.customers]));
  const cell = (from, to) => {
    const customers = at.get(`${from} ${to}`) ?? 0;
    const made = el("span", { class: from === to ? "cell same" : "cell" }, customers ? count(customers) : "·");
    made.style.setProperty("--share", String(Math.sqrt(customers / most)));
    return made;
  };
  const columns = [{ title: "from \\ to", key: true, cell: (from) => from }, ...names.map((to) => number(to, (from) => cell(from, to)))];
  return {
    note: `${data.moves[0].previous_as_of ?? "the publication before"} → ${data.lineage.as_of}: ${count(stayed)} of ${count(total)} customers (${share(stayed, total)}) stayed in their band.`,
    body: table("Customers from band to band", columns, names, { class: "matrix" }),
  };
}

export function record(data) {
  const { metric } = data.trend;
  const rows = data.record;
  if (!rows.length) return nothing("No estimate was judged by outcomes yet.", "The record begins when a cohort that had an estimate is mature.");
  const inside = rows.filter((row) => row.inside).length;
  return {
    note: `${count(inside)} of ${plural(rows.length, "cohort")} (${share(inside, rows.length)}) came out inside the interval that was estimated before.`,
    ...chart({
      name: `${metricName(metric)}: estimated and realised`, height: 240, said: `${inside} of ${rows.length} inside`, draw: (colour) => draw.record(rows, colour),
      columns: [{ title: "Cohort", key: true, cell: (row) => row.as_of }, number("Estimated", (row) => figure(row.estimated)), number("Low", (row) => figure(row.low)), number("High", (row) => figure(row.high)),
        number("Realised", (row) => figure(row.realised)), { title: "", cell: (row) => (row.inside ? badge("inside", "good") : badge("outside", "warn")) }],
      rows: [...rows].reverse(),
    }),
  };
}

export function updates(about) {
  return {
    note: "How often the model needed an update, and what became of it.",
    body: table("Update rate", [
      { title: "In the last", key: true, cell: (row) => `${row.days} days` }, ...["needed", "open", "done", "useful", "wasted", "dismissed"].map((name) => number(name, (row) => count(row[name]))),
    ], about.line.rates, { class: "figures" }),
  };
}

/** A version's number, as a link to MLflow's own page of it where there is one. */
export function inMlflow(about, version, text = String(version)) {
  return about.mlflow ? elsewhere(`${about.mlflow}/versions/${version}`, text) : text;
}

export function versions(about) {
  return {
    note: "Versions whose scores readers see.",
    body: table("Model versions", [
      { title: "Version", key: true, cell: (row) => inMlflow(about, row.model_version) }, { title: "Partitions", cell: (row) => `${row.first_as_of} to ${row.last_as_of}` }, { title: "Since", cell: (row) => moment(row.since) },
    ], about.versions, { class: "figures" }),
  };
}

export function ledger(about) {
  if (!about.ledger.length) return nothing("The ledger has no entry yet.", "The first publication or training makes one.");
  const span = (row) => `${moment(row.since)}${row.until ? ` to ${moment(row.until)}` : ""}`;
  return {
    note: "Which version was in charge when, by whom and why.",
    body: table("Ledger", [
      { title: "Version", key: true, cell: (row) => [inMlflow(about, row.model_version), " ", row.until ? null : badge("in charge", "good")] }, { title: "In charge", cell: span },
      { title: "Decided by", cell: (row) => `${row.promoted_by} (${row.how})` }, { title: "Because", cell: (row) => row.reason },
    ], about.ledger, { class: "figures" }),
  };
}

export function verdicts(about) {
  if (!about.verdicts.length) return nothing("No new version has been judged yet.", `The DAG retrain_${about.line.score}, or scoring model retrain ${about.line.score} --as-of <date>, trains one.`);
  const checks = (row) => row.checks.map((one) => el("div", {}, one.passed ? null : badge("no", "bad"), ` ${one.said}`));
  return {
    note: "New versions beside the one in charge, on later customers from whom neither has learned.",
    body: table("Verdicts", [
      { title: "Version", key: true, cell: (row) => [`${row.challenger} `, badge(row.passed ? "passes" : "refused", row.passed ? "good" : "bad")] },
      { title: "Compared", cell: (row) => `with version ${row.champion}, on ${count(row.customers)} customers of ${row.held_out.join(", ")}` }, { title: "What was found", cell: checks },
    ], about.verdicts, { class: "figures" }),
  };
}

const OUTCOMES = { challenger_wins: ["challenger wins", "good"], champion_stays: ["champion stays", "idle"], stopped: ["stopped", "bad"] };

export function experiments(about) {
  if (!about.experiments.length) return nothing("No experiment was made yet.", `scoring experiment start ${about.line.score} <version> --reason <why>, or the DAG change_experiment, starts one.`);
  const state = (row) => badge(...(OUTCOMES[row.outcome] ?? ["running", "warn"]));
  const what = (row) => `version ${row.champion} against ${row.challenger}, ${row.mode}${row.share === null ? "" : `, ${share(row.share, 1, 0)} of the customers`}`;
  const ended = (row) => (row.outcome ? el("div", {}, `${row.ended_by}, ${moment(row.ended_at)}: ${row.end_reason}`) : null);
  const found = (row) => [ended(row), ...(row.checks.length ? row.checks.map((one) => el("div", {}, one.passed ? null : badge("no", "bad"), ` ${one.said}`)) : [quiet("no outcome is known yet")])];
  const list = table("Experiments", [
    { title: "Experiment", key: true, cell: (row) => [`${row.experiment_id} `, state(row)] }, { title: "Compared", cell: what },
    { title: "Started", cell: (row) => `${row.started_by}, ${moment(row.started_at)}: ${row.reason}` }, { title: "What was found", cell: found },
  ], about.experiments, { class: "figures" });
  const looks = about.looks.filter((look) => look.low !== null);
  if (!looks.length) return { note: "Two versions on live customers.", body: list };
  const metric = metricName(looks[0].metric);
  const drawn = chart({
    name: `Gain in ${metric}`, height: 260,
    said: `${plural(looks.length, "look")}, newest: ${figure(looks.at(-1).gain)}`,
    draw: (colour) => draw.sequence(looks, metric, colour),
    columns: [
      { title: "Look", key: true, cell: (row) => moment(row.looked_at) }, { title: "Until cohort", cell: (row) => row.as_of }, number("Scores", (row) => count(row.customers)),
      number("Gain", (row) => figure(row.gain)), number("Low", (row) => figure(row.low)), number("High", (row) => figure(row.high)), { title: "State", cell: (row) => row.state },
    ],
    rows: [...looks].reverse(),
  });
  return { note: `Two versions on live customers. Experiment ${looks[0].experiment_id}: by how much the challenger is better in ${metric}, with an interval that holds at all looks together.`, button: drawn.button, body: el("div", {}, drawn.body, list) };
}

const STATES = { open: "warn", done: "good", dismissed: "idle" };

export function requests(about) {
  if (!about.requests.length) return nothing("No model version has needed an update yet.");
  const reasons = (row) => row.evidence.slice(-3).flatMap((one) => [one.because].flat().map((text) => el("div", {}, `${one.as_of}: ${text}`)));
  const end = (row) => [badge(row.state, STATES[row.state]), row.done_version ? ` by version ${row.done_version}` : null, row.useful === null ? null : el("div", {}, row.useful ? "useful" : "wasted"),
    row.reason ? el("div", { class: "quiet" }, `${row.closed_by}: ${row.reason}`) : null];
  return {
    note: "Written once per model version, with what spoke for it.",
    body: table("Requests to retrain", [{ title: "Version", key: true, cell: (row) => String(row.model_version) }, { title: "Seen at", cell: (row) => row.as_of }, { title: "Because", cell: reasons }, { title: "State", cell: end }], about.requests, { class: "figures" }),
  };
}

export function lineage(data, about) {
  const one = data.lineage;
  const short = (digest) => el("code", { title: digest }, digest.slice(0, 16));
  const run = one.run_id === "command line" ? one.run_id : airflow(`dags/score_${about.line.score}/runs/${encodeURIComponent(one.run_id)}`, one.run_id);
  const rows = [
    ["Partition", one.as_of], ["Publication", `${one.publication_id}, ${moment(one.published_at)}`], ["Run", run],
    ["Customers", `${count(one.customers)}, ${count(one.changed)} changed${one.announces ? "" : ", the CRM was told nothing"}`],
    ["Checksum", short(one.checksum)], ["Inputs", short(one.inputs_digest)], ["Definition", short(one.definition_digest)],
    ["Model", data.arms.flatMap((arm) => el("div", {}, `${arm.model_name} version ${arm.model_version} (${arm.arm}) `, short(arm.model_digest)))],
    ["Snapshot", [`${one.snapshot_id} `, short(one.snapshot_digest)]], ["Source", one.source],
    ["Rows", `${count(one.received)} received = ${count(one.accepted)} accepted + ${count(one.quarantined)} quarantined + ${count(one.duplicates)} duplicates`], ["Code", one.code_version],
  ];
  return { note: "Each score can be computed again from this; hover a digest for all of it.", body: table("Lineage", [{ title: "", key: true, cell: ([name]) => name }, { title: "", cell: ([, value]) => value }], rows, { class: "figures plain" }) };
}

export function reports(data, about) {
  if (!data.length) return nothing("No report is kept.", "Ingesting a partition makes one of its validation, monitoring it the others.");
  const dates = [...new Set(data.map((one) => one.as_of))];
  const links = (day) => data.filter((one) => one.as_of === day).flatMap((one, at) => [at ? " · " : null, here({ score: about.line.score, report: one.kind, as_of: day }, one.kind)]);
  return { note: "Validation by Great Expectations; drift and performance by Evidently, of a seeded sample. The newest are kept.", body: table("Reports", [{ title: "Partition", key: true, cell: (day) => day }, { title: "Report", cell: links }], dates, { class: "figures" }) };
}
