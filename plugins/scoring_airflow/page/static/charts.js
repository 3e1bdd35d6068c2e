// Plotly in the page's colours; it is loaded when the first chart is drawn.

import { el, table } from "./dom.js";

let loading = null;

/** Plotly; whoever will draw calls this early, so that it loads beside the figures. */
export function plotly() {
  loading ??= new Promise((done, failed) => {
    const script = el("script", { src: new URL("plotly.min.js", import.meta.url), load: () => done(globalThis.Plotly), error: failed });
    document.head.append(script);
  });
  return loading;
}

const drawn = new Map();

/** Colours of the theme that is shown now. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["ground", "raised", "line", "ink", "soft", "accent", "second", "good", "warn", "bad"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/** A colour that lets others through. */
export function faint(colour, share) {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return `rgba(${red},${green},${blue},${share})`;
}

function layout(own, colour) {
  const axis = { gridcolor: colour.line, linecolor: colour.line, zerolinecolor: colour.line, tickcolor: colour.line, automargin: true, separatethousands: true, exponentformat: "none", ...fixed };
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 8, r: 8, t: 8, b: 8 },
    font: { family: "system-ui, sans-serif", size: 12, color: colour.soft },
    hoverlabel: { bgcolor: colour.raised, bordercolor: colour.line, font: { color: colour.ink } },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { color: colour.ink } },
    ...own, xaxis: { ...axis, ...own.xaxis }, yaxis: { ...axis, ...own.yaxis },
  };
}

const fixed = { fixedrange: true };

/**
 * A chart with its table. `draw(colours)` gives {data, layout}; `said` is the text alternative; columns and rows are
 * those of the table that a button shows in place of the chart.
 */
export function chart({ name, said, height, draw, columns, rows }) {
  const plot = el("div", { class: "plot", role: "img", "aria-label": `${name}: ${said}` });
  plot.style.height = `${height}px`;
  const figures = el("div", { hidden: true });
  const button = el("button", { type: "button", "aria-pressed": "false", click: toggle }, "Show as table");

  function toggle() {
    const asTable = figures.hidden;
    if (asTable && !figures.firstChild) figures.append(table(name, columns, rows, { class: "figures" }));
    figures.hidden = !asTable;
    plot.hidden = asTable;
    button.setAttribute("aria-pressed", String(asTable));
    button.textContent = asTable ? "Show as chart" : "Show as table";
    if (!asTable) paint(plot, draw);
  }

  drawn.set(plot, draw);
  requestAnimationFrame(() => paint(plot, draw));
  return { button, body: el("div", {}, plot, figures) };
}

async function paint(plot, draw) {
  const Plotly = await plotly();
  const colour = colours();
  const { data, layout: own } = draw(colour);
  await Plotly.react(plot, data, layout(own, colour), { displayModeBar: false, responsive: true });
  plot.dataset.drawn = "true";
}

addEventListener("theme", () => drawn.forEach((draw, plot) => plot.isConnected && !plot.hidden && paint(plot, draw)));
