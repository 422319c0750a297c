// The services, worst first; and which of them are looked at.

import { byId, keyed, put, show } from "./dom.js";
import { fold, foldedRow, unfold } from "./folded.js";
import { serviceRow } from "./service.js";
import { reach, some } from "./some.js";
import { judge, up } from "./states.js";
import { count } from "./words.js";

// A row doesn't go away from under the hand that is about to press its button.
const HELD = 4000;
// So many rows at first, and more with each press: a phone draws no thousand each second.
const SHOWN = 60;
const MORE = 100;

let order = [];
let touched = -Infinity;
let latest = null;
let services = [];
let rows = [];
let drawn = new Map();
let revealed = null; // what is led to, and so has to be among them

export function showServices(status) {
  if (status === latest) {
    for (const one of rows) drawn.get(keyOf(one)).update(one);
    return;
  }
  latest = status;
  services = judged(status);
  choose();
}

// Which rows there are: when the document or what is looked for has changed.
function choose() {
  const chosen = arrange([...services]).filter(wanted());
  const all = byId("filter").value.trim() ? chosen : fold(chosen);
  const place = all.findIndex((one) => one.name === revealed && !one.folded);
  if (place >= 0) reach("services", place, SHOWN);
  revealed = null;
  rows = some("services", all, SHOWN, choose, MORE);
  drawn = keyed(byId("table"), rows, keyOf, (one) => (one.folded ? foldedRow(one, choose) : serviceRow(one)));
  put(byId("services-count"), counted(chosen));
  const none = byId("services-none");
  show(none, chosen.length === 0);
  show(byId("table"), chosen.length > 0);
  put(none, services.length ? "None is like that." : "There is no program in the config yet.");
}

function keyOf(one) {
  return one.folded ?? one.name;
}

// Made once of what is told of each: by that a row knows that nothing but time has passed.
const JUDGED = new WeakMap();

function judged({ programs, watches }) {
  return [...programs.map((one) => judgedOne(one, "program")), ...watches.map((one) => judgedOne(one, "watch"))];
}

function judgedOne(one, kind) {
  if (!JUDGED.has(one)) JUDGED.set(one, { ...one, kind, judged: judge(one) });
  return JUDGED.get(one);
}

// The order of the config among those that are equally bad.
function arrange(all) {
  const held = performance.now() - touched < HELD;
  if (held && order.length) {
    const places = new Map(order.map((name, place) => [name, place]));
    const place = (one) => places.get(one.name) ?? Infinity;
    return all.sort((a, b) => place(a) - place(b));
  }
  const sorted = all.sort((a, b) => a.judged.rank - b.judged.rank);
  order = sorted.map((one) => one.name);
  return sorted;
}

function wanted() {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const unwell = byId("unwell").checked;
  return (one) => {
    if (unwell && !one.judged.unwell) return false;
    const text = `${one.name} ${one.group ?? ""} ${one.state} ${one.kind}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
}

function counted(chosen) {
  const unwell = services.filter((one) => one.judged.unwell).length;
  const down = services.filter((one) => !one.judged.unwell && !up(one)).length;
  const parts = [count(services.length, "service")];
  if (unwell) parts.push(`${unwell} not well`);
  if (down) parts.push(`${down} down as wanted`);
  if (chosen.length !== services.length) parts.push(`${chosen.length} shown`);
  return parts.join(", ");
}

export function knowsService(name) {
  return services.some((one) => one.name === name);
}

// Lead to one service, wherever it is hidden, and open it; `log`: and its log.
export function reveal(name, { log = false } = {}) {
  const one = services.find((service) => service.name === name);
  if (!one) return;
  if (!wanted()(one)) {
    byId("filter").value = "";
    byId("unwell").checked = false;
  }
  unfold(one);
  revealed = name;
  choose();
  drawn.get(name).reveal({ log });
}

function again() {
  if (!latest) return;
  choose();
  put(byId("services-found"), byId("services-count").textContent);
}

export function beginServices() {
  byId("filter").addEventListener("input", again);
  byId("unwell").addEventListener("change", again);
  const touch = () => {
    touched = performance.now();
  };
  for (const event of ["pointermove", "pointerdown", "focusin", "keydown"]) {
    byId("table").addEventListener(event, touch, { passive: true });
  }
}
