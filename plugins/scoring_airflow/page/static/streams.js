// Streams: what was read, what waits and since when, what was refused. Without a stream there is no section.

import { airflow, badge, el, quiet, table } from "./dom.js";
import { count, moment, upTo } from "./format.js";

const MOST = 100_000; // where the server stops counting
const TONES = { read: "good", behind: "warn", "not read": "bad", "never read": "idle" };

export function streams(data) {
  if (!data.streams.length) return [];
  return [el("section", { class: "streams", "data-ready": true }, el("div", { class: "title" }, el("h2", {}, "Streams")),
    quiet("Updates of single customers that come by Kafka. What waits is what a worker saw when it looked last."),
    table("Streams", columns, data.streams))];
}

const columns = [
  { title: "Stream", key: true, cell: (one) => [one.data_set, quiet(one.topic)] },
  { title: "Reading", cell: reading },
  { title: "Messages", cell: messages },
  { title: "Waiting", cell: waiting },
  { title: "Newest event time", cell: (one) => moment(one.read?.newest_event_time) },
  { title: "Dead letters to be sent", cell: deadLetters },
  { title: "Last refusals by rule", cell: refused },
];

function reading(one) {
  const by = one.schedule ? quiet("drained by ", airflow(`dags/ingest_stream_${one.data_set}`, `ingest_stream_${one.data_set}`)) : quiet("by a worker");
  return [badge(one.word, TONES[one.word]), by, one.read ? quiet(`looked ${moment(one.read.looked_at)}`) : null];
}

function messages(one) {
  if (!one.read) return "–";
  const line = (label, value, tone) => el("div", { class: `pair ${tone ?? ""}` }, el("span", {}, label), el("span", {}, count(value)));
  return [
    line("read", one.read.received),
    line("accepted", one.read.accepted),
    line("refused", one.read.quarantined, one.read.quarantined ? "warned" : null),
    line("outdated", one.read.outdated),
    one.read.lost ? line("lost", one.read.lost, "warned") : null,
  ];
}

function waiting(one) {
  if (!one.read || one.read.lag === null) return "–";
  return [count(one.read.lag), one.read.oldest_at ? quiet(`since ${moment(one.read.oldest_at)}`) : quiet("none waits")];
}

function deadLetters(one) {
  const { waiting: number, since } = one.dead_letters;
  return number ? [badge(upTo(number, MOST), "warn"), quiet(`since ${moment(since)}`)] : "0";
}

function refused(one) {
  if (!one.refused.length) return "none";
  return one.refused.map((by) => el("div", {}, `${count(by.count)} × ${by.column_name ? `${by.column_name}: ` : ""}${by.rule}`, quiet(`last ${moment(by.newest)}`)));
}
