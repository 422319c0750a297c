// Elements made of words. Nothing on this page is ever parsed as markup: what programs
// write is hostile.

const SVG = "http://www.w3.org/2000/svg";

// As selfhealctl/views/text.py: a colour sequence as a whole, then what is left of
// controls, and what would turn the direction of the words around it.
const SEQUENCES =
  /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_][^\x1b]*\x1b\\|\x1b[ -/]*[0-~]/g;
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export function clean(words) {
  if (words === null || words === undefined) return "";
  return String(words).replace(SEQUENCES, "").replace(CONTROLS, "");
}

export function byId(id) {
  return document.getElementById(id);
}

// h("button", { class: "quiet", click: f }, "Restart"): a function listens to the event
// of its name; null and false leave an attribute away.
export function h(tag, attributes = {}, ...children) {
  return build(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return build(document.createElementNS(SVG, tag), attributes, children);
}

export function icon(name) {
  return svg("svg", { class: `icon is-${name}`, "aria-hidden": "true" }, svg("use", { href: `#i-${name}` }));
}

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else set(node, name, value);
  }
  node.append(...fit(children));
  return node;
}

function fit(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false && child !== "")
    .map((child) => (child instanceof Node ? child : clean(child)));
}

// The three below touch the document only where it differs: 200 rows are told again
// each second, and most of what they say is what they said.
export function set(node, name, value) {
  if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else {
    const words = value === true ? "" : clean(value);
    if (node.getAttribute(name) !== words) node.setAttribute(name, words);
  }
}

export function put(node, words) {
  const text = clean(words);
  if (node.textContent !== text) node.textContent = text;
}

export function show(node, whether) {
  if (node.hidden === whether) node.hidden = !whether;
}

// What is made of several elements, made again only when `of` has changed.
const MADE = new WeakMap();

export function fill(node, of, make) {
  const mark = JSON.stringify(of);
  if (MADE.get(node) === mark) return;
  MADE.set(node, mark);
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  node.replaceChildren(...fit([make()]));
  if (focused) keepFocus(node, focused);
}

// What had the focus is gone: its successor of the same name has it, or what is nearest.
function keepFocus(node, { ariaLabel }) {
  const buttons = [...node.querySelectorAll("button")];
  const next = buttons.find((one) => one.ariaLabel === ariaLabel) ?? buttons[0] ?? node.closest("tbody")?.querySelector("button");
  next?.focus({ preventScroll: true });
}

// One row for each item, kept for as long as there is an item of its key; `make` gives
// { node, update }. Rows are moved only where their order changed. What had the focus
// keeps it: a browser takes it away from what is moved.
const ROWS = new WeakMap();

export function keyed(parent, items, key, make) {
  const before = ROWS.get(parent) ?? new Map();
  const rows = new Map();
  for (const item of items) {
    const row = before.get(key(item)) ?? make(item);
    rows.set(key(item), row);
    row.update(item);
  }
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  let place = null;
  for (const [name, row] of before) if (rows.get(name) !== row) row.node.remove();
  for (const row of [...rows.values()].reverse()) {
    if (row.node.parentNode !== parent || row.node.nextSibling !== place) {
      parent.insertBefore(row.node, place);
    }
    place = row.node;
  }
  if (focused?.isConnected && focused !== document.activeElement) {
    focused.focus({ preventScroll: true });
  }
  ROWS.set(parent, rows);
  return rows;
}
