// Which view the URL asks for, and what stands there when it cannot be had.

import { el, empty } from "./dom.js";
import { overview } from "./overview.js";

/** What the server reads of `path`; errors carry its sentence with the remedy. */
export async function read(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  if (answer.ok) return answer.json();
  const said = await answer.json().catch(() => ({}));
  if (answer.status === 401) throw new Error("You are logged out. Remedy: load Airflow again and log in.");
  if (answer.status === 403) throw new Error("Your role in Airflow does not allow this page. Remedy: ask its administrator.");
  throw new Error(said.problem ?? `The server answered ${answer.status}. Remedy: load the page again in a moment.`);
}

export function told(error) {
  const [problem, remedy] = error.message.split(" Remedy: ");
  return el("div", { role: "alert", class: "problem" }, empty(problem, remedy));
}

async function show() {
  const main = document.getElementById("content");
  try {
    main.replaceChildren(...overview(await read("api/overview")).filter(Boolean));
  } catch (error) {
    main.replaceChildren(told(error));
  }
  main.dataset.ready = "true";
}

show();
