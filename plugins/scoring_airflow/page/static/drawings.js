// What Plotly draws: data to traces, in the colours of the theme.

import { faint } from "./charts.js";
import { metricName } from "./format.js";

const of = (points, name) => points.map((point) => point[name]);
const dates = { type: "date", hoverformat: "%Y-%m-%d", tickformat: "%Y-%m-%d", nticks: 9 };
const quietly = { showlegend: false, hoverinfo: "skip" };

/** The area between two lines. */
function between(x, low, high, colour, share, name) {
  const edge = { x, type: "scatter", mode: "lines", line: { width: 0 }, connectgaps: false };
  return [
    { ...edge, y: low, ...quietly },
    { ...edge, y: high, fill: "tonexty", fillcolor: faint(colour, share), name, hoverinfo: "skip", showlegend: Boolean(name) },
  ];
}

export function trend({ points, promises }, metric, colour) {
  const realised = points.filter((point) => point.kind === "realised");
  const estimated = points.filter((point) => point.kind === "estimated");
  const many = estimated.length > 60;
  const error = { type: "data", symmetric: false, array: estimated.map((one) => (one.high ?? one.value) - one.value), arrayminus: estimated.map((one) => one.value - (one.low ?? one.value)), color: faint(colour.second, 0.6), thickness: 1, width: 0 };
  const data = [
    ...(many ? between(of(estimated, "as_of"), of(estimated, "low"), of(estimated, "high"), colour.second, 0.12) : []),
    ...between(of(realised, "as_of"), of(realised, "low"), of(realised, "high"), colour.accent, 0.2),
    { x: of(estimated, "as_of"), y: of(estimated, "value"), error_y: many ? undefined : error, name: "estimated before outcomes", type: "scatter", mode: "markers", marker: { symbol: "diamond-open", size: many ? 4 : 8, color: colour.second, line: { width: 1.2 } } },
    { x: of(realised, "as_of"), y: of(realised, "value"), name: "realised, 95 % interval", type: "scatter", mode: realised.length > 60 ? "lines" : "lines+markers", line: { color: colour.accent, width: 2 }, marker: { size: 6 } },
    { x: of(promises, "as_of"), y: of(promises, "promised"), name: "promised at training", type: "scatter", mode: "lines", line: { color: colour.soft, width: 1.4, dash: "dash", shape: "hv" } },
  ];
  const { shapes, annotations } = takeovers(points, colour);
  return { data, layout: { xaxis: dates, yaxis: { title: { text: metricName(metric) }, zeroline: false }, hovermode: "x unified", shapes, annotations } };
}

/** A line where another model version took over. */
function takeovers(points, colour) {
  const found = points.filter((point, at) => at && point.model_version !== points[at - 1].model_version && point.model_version !== null);
  return {
    shapes: found.map((point) => ({ type: "line", x0: point.as_of, x1: point.as_of, yref: "paper", y0: 0, y1: 1, line: { color: colour.soft, width: 1, dash: "dot" } })),
    annotations: found.map((point) => ({ x: point.as_of, yref: "paper", y: 0, yanchor: "bottom", xanchor: "left", text: `v${point.model_version}`, showarrow: false, font: { size: 11, color: colour.soft } })),
  };
}

export function heat(data, label, colour) {
  const rows = [...data.rows].reverse(); // Plotly draws the first row at the bottom
  const names = rows.map(label);
  const marks = rows.flatMap((row, at) => data.dates.filter((_, day) => row.drifted[day]).map((day) => [day, names[at]]));
  const most = Math.max(2 * (data.least ?? 0.1), ...rows.flatMap((row) => row.distance.filter((one) => one !== null)));
  const map = {
    type: "heatmap", x: data.dates, y: names, z: of(rows, "distance"), zmin: 0, zmax: most, xgap: data.dates.length > 80 ? 0 : 1, ygap: 1, hoverongaps: false,
    colorscale: [[0, colour.raised], [0.5, faint(colour.warn, 0.55)], [1, colour.bad]], hovertemplate: "%{y}<br>%{x|%Y-%m-%d}: %{z:.3f}<extra></extra>",
    colorbar: { title: { text: "distance", side: "right" }, thickness: 10, outlinewidth: 0, tickfont: { size: 11 } },
  };
  const drifted = { type: "scatter", mode: "markers", x: marks.map(([day]) => day), y: marks.map(([, name]) => name), marker: { symbol: "square-open", size: data.dates.length > 80 ? 4 : 9, color: colour.ink, line: { width: 1.2 } }, ...quietly };
  return { data: [map, drifted], layout: { xaxis: { ...dates, showgrid: false }, yaxis: { showgrid: false, type: "category" } } };
}

export function spread(rows, colour) {
  const x = of(rows, "as_of");
  return {
    data: [
      ...between(x, of(rows, "p10"), of(rows, "p90"), colour.accent, 0.12, "middle 80 %"),
      ...between(x, of(rows, "p25"), of(rows, "p75"), colour.accent, 0.22, "middle 50 %"),
      { x, y: of(rows, "p50"), name: "median", type: "scatter", mode: rows.length > 60 ? "lines" : "lines+markers", line: { color: colour.accent, width: 2 } },
    ],
    layout: { xaxis: { ...dates, nticks: 5 }, yaxis: { title: { text: "score" } }, hovermode: "x unified" },
  };
}

export function calibration(rows, kind, colour) {
  const end = Math.max(...rows.flatMap((row) => [row.expected, row.observed_high ?? row.observed]));
  const error = { type: "data", symmetric: false, array: rows.map((row) => (row.observed_high ?? row.observed) - row.observed), arrayminus: rows.map((row) => row.observed - (row.observed_low ?? row.observed)), color: faint(colour.accent, 0.6), thickness: 1.2, width: 3 };
  const unit = kind === "classification" ? "share of positives" : "mean outcome";
  return {
    data: [
      { x: [0, end], y: [0, end], type: "scatter", mode: "lines", name: "as expected", line: { color: colour.soft, width: 1.2, dash: "dash" }, hoverinfo: "skip" },
      { x: of(rows, "expected"), y: of(rows, "observed"), error_y: error, type: "scatter", mode: "markers", name: "observed, 95 % interval", marker: { size: 7, color: colour.accent }, hovertemplate: "expected %{x:.3f}, observed %{y:.3f}<extra></extra>" },
    ],
    layout: { xaxis: { title: { text: "expected" } }, yaxis: { title: { text: `observed ${unit}` } } },
  };
}

export function record(rows, colour) {
  const x = of(rows, "as_of");
  const outside = rows.filter((row) => !row.inside);
  return {
    data: [
      ...between(x, of(rows, "low"), of(rows, "high"), colour.second, 0.2, "estimated, 95 % interval"),
      { x, y: of(rows, "realised"), name: "realised", type: "scatter", mode: rows.length > 60 ? "lines" : "lines+markers", line: { color: colour.accent, width: 1.8 } },
      { x: of(outside, "as_of"), y: of(outside, "realised"), name: "outside", type: "scatter", mode: "markers", marker: { symbol: "x", size: 8, color: colour.bad } },
    ],
    layout: { xaxis: { ...dates, nticks: 5 }, hovermode: "x unified" },
  };
}
