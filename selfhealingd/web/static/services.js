// The services, worst first; and which of them are looked at.

import { byId, keyed, put, show } from "./dom.js";
import { fold, foldedRow } from "./folded.js";
import { serviceRow } from "./service.js";
import { judge, up } from "./states.js";
import { count } from "./words.js";

// A row doesn't go away from under the hand that is about to press its button.
const HELD = 4000;

let order = [];
let touched = -Infinity;
let latest = null;
let services = [];

export function showServices(status) {
  if (status !== latest) services = judged(status);
  latest = status;
  const sorted = arrange([...services]);
  const chosen = sorted.filter(wanted());
  const rows = byId("filter").value.trim() ? chosen : fold(chosen);
  keyed(byId("table"), rows, (one) => one.folded ?? one.name, (one) => (one.folded ? foldedRow(one, again) : serviceRow(one)));
  put(byId("services-count"), counted(chosen));
  const none = byId("services-none");
  show(none, chosen.length === 0);
  show(byId("table"), chosen.length > 0);
  put(none, services.length ? "None is like that." : "There is no program in the config yet.");
}

// Made once of each document: by that a row knows that nothing but time has passed.
function judged(status) {
  return [
    ...status.programs.map((one) => ({ ...one, kind: "program" })),
    ...status.watches.map((one) => ({ ...one, kind: "watch" })),
  ].map((one) => ({ ...one, judged: judge(one) }));
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

function again() {
  if (latest) showServices(latest);
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
