// The overview: a line per score, and above it what concerns the installation.

import { airflow, badge, el, empty, here, quiet, table } from "./dom.js";
import { count, days, figure, interval, metricName, moment, plural, share, upTo } from "./format.js";
import { streams } from "./streams.js";

const MOST = 100_000; // where the server stops counting

export function overview(data) {
  document.title = "Scoring";
  const head = el("header", { class: "page" }, el("h1", {}, "Scoring"), quiet(`As of ${moment(data.now)}`));
  if (!data.scores.length) {
    return [head, mistakes(data), empty("No score is defined.", "Add a definition file; docs/adding-a-score.md shows how.")];
  }
  return [head, mistakes(data), installation(data), table("Scores", columns(data), data.scores, { class: "scores" }), ...streams(data)];
}

function mistakes(data) {
  if (!data.mistakes) return null;
  const where = airflow("dags", "Airflow's list of DAGs");
  return el("div", { class: "problem", role: "alert" }, el("strong", {}, `${plural(data.mistakes, "mistake")} in the definitions.`),
    " What they define is missing here; ", where, " shows them as import errors.");
}

function installation(data) {
  const held = data.scores.reduce((sum, score) => sum + score.held.length, 0);
  const needed = data.scores.filter((score) => score.verdict?.update_needed).length;
  const tiles = data.endpoints.flatMap((one) => [
    tile(`Endpoint ${one.endpoint}`, endpointState(one), one.disabled_because ?? (one.held_until ? `until ${moment(one.held_until)}` : null)),
    tile("Events waiting", upTo(one.waiting_events, MOST), "not yet packed into a request"),
    tile("Requests under way", upTo(one.pending_deliveries, MOST), one.oldest_pending ? `oldest since ${moment(one.oldest_pending)}` : "none waits"),
    tile("Dead requests", one.dead_deliveries ? badge(upTo(one.dead_deliveries, MOST), "bad") : "0", one.dead_deliveries ? "scoring delivery replay sends them again" : "nothing was given up"),
  ]);
  tiles.push(tile("Held publications", held ? badge(count(held), "warn") : "0", held ? airflow("dags/confirm_publication", "confirm or reject") : "nobody has to decide"));
  tiles.push(tile("Updates needed", needed ? badge(count(needed), "bad") : "0", `of ${plural(data.scores.length, "score")}`));
  if (data.dead_alerts) tiles.push(tile("Alerts not told", badge(upTo(data.dead_alerts, MOST), "bad"), "scoring alert list --state dead"));
  return el("dl", { class: "tiles" }, tiles);
}

function tile(name, value, note) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, value, note ? quiet(note) : null));
}

function endpointState(one) {
  if (one.state === "disabled") return badge("disabled", "bad");
  return one.held_until ? badge("held back", "warn") : badge("enabled", "good");
}

function columns(data) {
  return [
    { title: "Score", key: true, cell: name },
    { title: "Verdict", cell: verdict },
    { title: "Performance", cell: performance },
    { title: "Drift", cell: drift },
    { title: "Model", cell: (score) => model(score, data.now) },
    { title: "Last publication", cell: (score) => [...publication(score), ...fresh(score)] },
    { title: "Rows of its snapshot", cell: rows },
  ];
}

function name(score) {
  return [here({ score: score.score }, score.title), quiet(score.score), quiet(`${score.data_set} · ${score.owner}`)];
}

function publication(score) {
  const one = score.published;
  if (!one) return [badge("none yet", "idle"), quiet("run ", airflow(`dags/ingest_${score.data_set}`, `ingest_${score.data_set}`))];
  return [
    el("span", {}, one.as_of),
    brief(one.published_at.startsWith(one.as_of) ? `at ${moment(one.published_at).slice(11)}` : moment(one.published_at)),
    brief(plural(one.customers, "customer")),
    brief(`${count(one.changed)} changed (${share(one.changed, one.customers)})`),
    ...score.held.map((held) => el("div", { class: "line" }, badge("held", "warn"), " ", airflow("dags/confirm_publication", `decide ${held.as_of}`))),
  ];
}

const brief = (text) => el("div", { class: "quiet line" }, text);

function rows(score) {
  const one = score.published;
  if (!one) return "–";
  const line = (label, value, tone) => el("div", { class: `pair ${tone ?? ""}` }, el("span", {}, label), el("span", {}, count(value)));
  return [
    line("received", one.received),
    line("accepted", one.accepted),
    line("quarantined", one.quarantined, one.quarantined ? "warned" : null),
    line("duplicates", one.duplicates),
  ];
}

export const TONES = { "up to date": "good", due: "warn", overdue: "bad", "by hand": "idle", "not published": "idle", "not started": "idle" };

function fresh(score) {
  const { word, expected, deadline } = score.freshness;
  const said = [badge(word, TONES[word])];
  if (word === "due" || word === "overdue") said.push(quiet(`${expected} is missing`), deadline ? quiet(`deadline ${moment(deadline)}`) : null);
  if (score.stopped) said.push(el("div", {}, badge("stopped", "bad"), quiet(`${score.stopped.as_of}: ${score.stopped.stopped_because}`)));
  return said;
}

function performance(score) {
  const { realised, estimated, verdict: judged } = score;
  if (!judged) return [badge("not judged", "idle"), quiet("run ", airflow(`dags/monitor_${score.score}`, `monitor_${score.score}`))];
  return [el("div", { class: "metric" }, metricName(judged.headline)), ...stated("realised", realised), ...stated("estimated", estimated), trust(judged, estimated)];
}

function stated(kind, one) {
  if (!one) return [quiet(kind === "realised" ? "no mature cohort yet" : "no estimate yet")];
  if (one.value === null) return [quiet(`${kind} ${one.as_of}: ${one.reason}`)];
  const range = interval(one.low, one.high);
  return [el("div", { class: "line" }, el("b", {}, figure(one.value)), el("span", { class: "quiet" }, ` ${range ? `(${range}) ` : ""}${kind} ${one.as_of}`))];
}

export function trust(judged, estimated) {
  if (!estimated) return null;
  if (judged.estimator_trusted === null) return badge("estimate unproven", "idle");
  return judged.estimator_trusted ? badge("estimate trusted", "good") : badge("estimate untrusted", "warn");
}

function drift(score) {
  const drifted = score.verdict?.drifted_columns;
  if (drifted === null || drifted === undefined) return badge("not compared", "idle");
  return [drifted ? badge(plural(drifted, "column"), "warn") : badge("none", "good"), quiet(score.verdict.as_of)];
}

function model(score, now) {
  const one = score.in_charge;
  const rate = (length) => score.rates.find((one) => one.days === length)?.needed ?? 0;
  if (!one) return "–";
  const said = el("div", {}, `version ${one.model_version}`, brief(`in charge for ${plural(days(one.since, now), "day")}`));
  if (!rate(365)) return [said, brief("no update needed in 365 days")];
  return [said, brief(`${plural(rate(90), "update")} needed in 90 days,`), brief(`${count(rate(365))} in 365 days`)];
}

function verdict(score) {
  if (!score.verdict) return badge("not judged", "idle");
  if (!score.verdict.update_needed) return badge("holds", "good");
  return [badge("update needed", "bad"), el("ul", { class: "reasons" }, score.verdict.because.map((reason) => el("li", {}, reason)))];
}
