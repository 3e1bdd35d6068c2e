// What Plotly draws: data to traces, in the colours of the theme.

import { faint } from "./charts.js";
import { metricName } from "./format.js";

const of = (points, name) => points.map((point) => point[name]);
const FEW = 12; // so many dates are drawn and named one by one

/** A time axis that names the dates themselves if they are few. */
function time(days, ticks = 9) {
  const found = [...new Set(days)];
  const named = found.length <= Math.min(FEW, ticks) ? { tickmode: "array", tickvals: found, ticktext: found } : { nticks: ticks };
  return { type: "date", hoverformat: "%Y-%m-%d", tickformat: "%Y-%m-%d", ...(found.length === 1 ? { type: "category" } : {}), ...named };
}

/** From a value to the ends of its interval. */
function bars(points, value, low, high, colour) {
  const one = (point, end) => Math.abs((point[end] ?? point[value]) - point[value]);
  return { type: "data", symmetric: false, array: points.map((point) => one(point, high)), arrayminus: points.map((point) => one(point, low)), color: faint(colour, 0.6), thickness: 1.3, width: 4 };
}

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
  const [many, some] = [estimated.length > 60, realised.length > FEW];
  const data = [
    ...(many ? between(of(estimated, "as_of"), of(estimated, "low"), of(estimated, "high"), colour.second, 0.12) : []),
    ...(some ? between(of(realised, "as_of"), of(realised, "low"), of(realised, "high"), colour.accent, 0.2) : []),
    { x: of(estimated, "as_of"), y: of(estimated, "value"), error_y: many ? undefined : bars(estimated, "value", "low", "high", colour.second), name: "estimated before outcomes", type: "scatter", mode: "markers", marker: { symbol: "diamond-open", size: many ? 4 : 8, color: colour.second, line: { width: 1.2 } } },
    { x: of(realised, "as_of"), y: of(realised, "value"), name: "realised, 95 % interval", type: "scatter", mode: realised.length > 60 ? "lines" : "lines+markers", line: { color: colour.accent, width: 2 }, marker: { size: 7 }, error_y: some ? undefined : bars(realised, "value", "low", "high", colour.accent) },
    { x: of(promises, "as_of"), y: of(promises, "promised"), name: "promised at training", type: "scatter", mode: "lines", line: { color: colour.soft, width: 1.4, dash: "dash", shape: "hv" } },
  ];
  const { shapes, annotations } = takeovers(points, colour);
  return { data, layout: { xaxis: time(of(points, "as_of")), yaxis: { title: { text: metricName(metric) }, zeroline: false }, hovermode: "x unified", shapes, annotations } };
}

/** A line where another model version took over. */
function takeovers(points, colour) {
  const found = points.filter((point, at) => at && point.model_version !== points[at - 1].model_version && point.model_version !== null);
  return {
    shapes: found.map((point) => ({ type: "line", x0: point.as_of, x1: point.as_of, yref: "paper", y0: 0, y1: 1, line: { color: colour.soft, width: 1, dash: "dot" } })),
    annotations: found.map((point) => ({ x: point.as_of, yref: "paper", y: 0, yanchor: "bottom", xanchor: "left", text: `v${point.model_version}`, showarrow: false, font: { size: 11, color: colour.soft } })),
  };
}

/** By how much a challenger is better, look by look: above 0 it is. */
export function sequence(looks, metric, colour) {
  const cohorts = of(looks, "as_of");
  const data = [
    ...between(cohorts, of(looks, "low"), of(looks, "high"), colour.accent, 0.2, "interval that holds at all looks"),
    { x: cohorts, y: of(looks, "gain"), name: "gain of the challenger", type: "scatter", mode: "lines+markers", line: { color: colour.accent, width: 2 }, marker: { size: 7 }, error_y: bars(looks, "gain", "low", "high", colour.accent) },
  ];
  return { data, layout: { xaxis: time(cohorts), yaxis: { title: { text: `gain, ${metric}` }, zeroline: true, zerolinecolor: colour.soft }, hovermode: "x unified" } };
}

export function heat(data, label, colour) {
  const rows = [...data.rows].reverse(); // Plotly draws the first row at the bottom
  const names = rows.map(label);
  const marks = rows.flatMap((row, at) => data.dates.filter((_, day) => row.drifted[day]).map((day) => [day, names[at]]));
  const most = Math.max(2 * (data.least ?? 0.1), ...rows.flatMap((row) => row.distance.filter((one) => one !== null)));
  const map = {
    type: "heatmap", x: data.dates, y: names, z: of(rows, "distance"), zmin: 0, zmax: most, xgap: data.dates.length > 80 ? 0 : 1, ygap: 1, hoverongaps: false,
    colorscale: [[0, colour.raised], [0.5, faint(colour.warn, 0.55)], [1, colour.bad]], hovertemplate: "%{y}<br>%{x}: %{z:.3f}<extra></extra>",
    colorbar: { title: { text: "distance", side: "right" }, thickness: 10, outlinewidth: 0, tickfont: { size: 11 } },
  };
  const drifted = { type: "scatter", mode: "markers", x: marks.map(([day]) => day), y: marks.map(([, name]) => name), marker: { symbol: "square-open", size: data.dates.length > 80 ? 4 : 9, color: colour.ink, line: { width: 1.2 } }, ...quietly };
  return { data: [map, drifted], layout: { xaxis: { ...time(data.dates), showgrid: false, ...(data.dates.length > 60 ? {} : { type: "category" }) }, yaxis: { showgrid: false, type: "category" } } };
}

export function spread(rows, colour) {
  const x = of(rows, "as_of");
  const layout = { xaxis: time(x, 5), yaxis: { title: { text: "score" } }, hovermode: "x unified" };
  if (rows.length <= FEW) {
    const boxes = { type: "box", x, lowerfence: of(rows, "p10"), q1: of(rows, "p25"), median: of(rows, "p50"), q3: of(rows, "p75"), upperfence: of(rows, "p90") };
    const shown = { name: "median, middle 50 % and 80 %", fillcolor: faint(colour.accent, 0.25), line: { color: colour.accent, width: 1.4 }, width: rows.length > 1 ? undefined : 0.3 };
    return { data: [{ ...boxes, ...shown }], layout: { ...layout, xaxis: { ...layout.xaxis, type: "category" }, boxgap: 0.6, showlegend: true } };
  }
  return {
    data: [
      ...between(x, of(rows, "p10"), of(rows, "p90"), colour.accent, 0.12, "middle 80 %"),
      ...between(x, of(rows, "p25"), of(rows, "p75"), colour.accent, 0.22, "middle 50 %"),
      { x, y: of(rows, "p50"), name: "median", type: "scatter", mode: rows.length > 60 ? "lines" : "lines+markers", line: { color: colour.accent, width: 2 } },
    ],
    layout,
  };
}

export function calibration(rows, kind, colour) {
  const end = Math.max(...rows.flatMap((row) => [row.expected, row.observed_high ?? row.observed]));
  const unit = kind === "classification" ? "share of positives" : "mean outcome";
  return {
    data: [
      { x: [0, end], y: [0, end], type: "scatter", mode: "lines", name: "as expected", line: { color: colour.soft, width: 1.2, dash: "dash" }, hoverinfo: "skip" },
      { x: of(rows, "expected"), y: of(rows, "observed"), error_y: bars(rows, "observed", "observed_low", "observed_high", colour.accent), type: "scatter", mode: "markers", name: "observed, 95 % interval", marker: { size: 7, color: colour.accent }, hovertemplate: "expected %{x:.3f}, observed %{y:.3f}<extra></extra>" },
    ],
    layout: { xaxis: { title: { text: "expected" } }, yaxis: { title: { text: `observed ${unit}` } } },
  };
}

export function record(rows, colour) {
  const x = of(rows, "as_of");
  const outside = rows.filter((row) => !row.inside);
  return {
    data: [
      ...(rows.length > FEW
        ? between(x, of(rows, "low"), of(rows, "high"), colour.second, 0.2, "estimated, 95 % interval")
        : [{ x, y: of(rows, "estimated"), error_y: bars(rows, "estimated", "low", "high", colour.second), name: "estimated, 95 % interval", type: "scatter", mode: "markers", marker: { symbol: "diamond-open", size: 8, color: colour.second } }]),
      { x, y: of(rows, "realised"), name: "realised", type: "scatter", mode: rows.length > 60 ? "lines" : "lines+markers", line: { color: colour.accent, width: 1.8 } },
      { x: of(outside, "as_of"), y: of(outside, "realised"), name: "outside", type: "scatter", mode: "markers", marker: { symbol: "x", size: 8, color: colour.bad } },
    ],
    layout: { xaxis: time(x, 5), hovermode: "x unified" },
  };
}
