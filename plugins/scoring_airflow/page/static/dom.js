// Elements without a framework: text is always text, never markup.

/** An element; attributes that are null or false are left out, functions are listeners. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name, value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** A word with a colour: good, warn, bad or idle. */
export const badge = (word, tone) => el("span", { class: `badge ${tone}` }, word);

export const quiet = (...children) => el("div", { class: "quiet" }, ...children);

/**
 * A table with headers. Columns are {title, cell, number, key}: cell(row) gives the content, number aligns to the right,
 * key makes the cell the header of its row.
 */
export function table(caption, columns, rows, attributes = {}) {
  const head = columns.map((column) => el("th", { scope: "col", class: column.number ? "number" : null }, column.title));
  const body = rows.map((row) =>
    el(
      "tr",
      {},
      columns.map((column) => {
        const content = [column.cell(row)].flat();
        const kind = column.number ? "number" : null;
        return column.key ? el("th", { scope: "row", class: kind }, ...content) : el("td", { class: kind }, ...content);
      }),
    ),
  );
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el("table", attributes, el("caption", { class: "hidden" }, caption), el("thead", {}, el("tr", {}, head)), el("tbody", {}, body)),
  );
}

/** What stands in place of something that is not there (yet): what is missing, and what to do. */
export const empty = (what, remedy) => el("div", { class: "empty" }, el("strong", {}, what), remedy ? ` ${remedy}` : null);

/** A link to a page of Airflow itself. A frame may not lead its parent away, so the parent's own document does it. */
export function airflow(path, ...children) {
  const href = new URL(`../${path}`, location.href.split("?")[0]).href;
  return el("a", { href, target: "_top", click: (event) => leave(event, href) }, ...children);
}

/** A link to another program's page, in a tab of its own. */
export const elsewhere = (href, ...children) =>
  el("a", { href, target: "_blank", rel: "noopener noreferrer", click: (event) => apart(event, href) }, ...children);

function apart(event, href) {
  if (parent === self) return;
  event.preventDefault();
  const link = parent.document.createElement("a");
  Object.assign(link, { href, target: "_blank", rel: "noopener noreferrer" });
  link.click();
}

function leave(event, href) {
  if (parent === self) return;
  event.preventDefault();
  const link = parent.document.createElement("a");
  link.href = href;
  if (event.ctrlKey || event.metaKey || event.shiftKey) link.target = "_blank";
  link.click();
}

/** A link to another view of this page; parameters that are empty are left out. */
export function here(parameters, ...children) {
  return el("a", { href: query(parameters) || "./" }, ...children);
}

export function query(parameters = {}) {
  const kept = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return kept.length ? `?${new URLSearchParams(kept)}` : "";
}
