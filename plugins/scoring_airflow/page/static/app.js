// Which view the URL asks for, and what stands there when it cannot be had.

import { el, empty } from "./dom.js";
import { overview } from "./overview.js";
import { report } from "./report.js";
import { score } from "./score.js";

/** An error whose sentence is for a person. */
class Problem extends Error {}

/** What the server reads of `path`; errors carry its sentence with the remedy. */
export async function read(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } }).catch(() => {
    throw new Problem("Airflow's API server does not answer. Remedy: see whether it runs, then load the page again.");
  });
  if (answer.ok) return answer.json();
  const said = await answer.json().catch(() => ({}));
  if (answer.status === 401) throw new Problem("You are logged out. Remedy: load Airflow again and log in.");
  if (answer.status === 403) throw new Problem("Your role in Airflow does not allow this page. Remedy: ask its administrator.");
  throw new Problem(said.problem ?? `The server answered ${answer.status}. Remedy: load the page again in a moment.`);
}

export function told(error) {
  if (!(error instanceof Problem)) {
    console.error(error);
    return told(new Problem("This page failed in your browser. Remedy: load it again; if it fails again, send the browser's console to whoever maintains the pipeline."));
  }
  const [problem, remedy] = error.message.split(/\s+Remedy: /);
  return el("div", { role: "alert", class: "problem" }, empty(problem, remedy));
}

async function view() {
  const asked = Object.fromEntries(new URLSearchParams(location.search));
  if (asked.score && asked.report) return report(asked);
  return asked.score ? score(asked) : overview(await read("api/overview"));
}

async function show() {
  const main = document.getElementById("content");
  try {
    main.replaceChildren(...(await view()).filter(Boolean));
  } catch (error) {
    main.replaceChildren(told(error));
  }
  main.dataset.ready = "true";
}

show();
