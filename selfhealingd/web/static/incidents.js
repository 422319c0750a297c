// Incidents, open ones first; the story and the evidence of each on demand.

import { Refused, look } from "./api.js";
import { byId, fill, h, icon, keyed, put, set, show } from "./dom.js";
import { story } from "./inquest.js";
import { reach, some } from "./some.js";
import { sign } from "./states.js";
import { duration, full, moment, secondsSince } from "./words.js";

const KEPT = 60;
const SHOWN = 10;
const GATHERED = 15; // seconds: then there is evidence, or none will be
const AGAIN = 2000;
const LATER = 5000; // where it could not be had
const LINGERS = 5000;

const ended = new Map();
const opened = new Map();
let latest = null;
let revealed = null; // what is led to, and so has to be among them

// What the journal has; later ones come with the events.
export async function fetchIncidents() {
  for (const one of await look("incidents", { limit: KEPT })) remember(one);
}

function remember(incident) {
  if (!incident.outcome) return;
  ended.set(incident.id, incident);
  if (ended.size > KEPT) ended.delete(ended.keys().next().value);
}

export function noteIncident(event) {
  if (event.kind === "incident.ended" && event.data.incident) remember(event.data.incident);
}

export function knowsIncident(id) {
  return ended.has(id) || opened.has(id);
}

// Lead to one incident, and open it.
export function revealIncident(id) {
  revealed = id;
  showIncidents(latest);
}

export function showIncidents(status) {
  latest = status;
  const newest = (a, b) => (a.opened < b.opened ? 1 : -1);
  const open = stillOpen(status).sort(newest);
  const past = [...ended.values()].sort(newest);
  const place = past.findIndex((one) => one.id === revealed);
  if (place >= 0) reach("incidents", place, SHOWN);
  const shown = [...open, ...some("incidents", past, SHOWN, () => showIncidents(latest))];
  const rows = keyed(byId("incident-list"), shown, (one) => one.id, incidentRow);
  rows.get(revealed)?.reveal();
  revealed = null;
  show(byId("incidents-none"), shown.length === 0);
  put(byId("incidents-count"), open.length ? `${open.length} open` : "none open");
}

// How one ended may come a moment after the status that has it no more: until then it
// stays, or what somebody reads would be gone.
function stillOpen(status) {
  for (const one of status.incidents) opened.set(one.id, { one, at: performance.now() });
  for (const [id, { at }] of opened) {
    const now = status.incidents.some((one) => one.id === id);
    if (ended.has(id) || (!now && performance.now() - at > LINGERS)) opened.delete(id);
  }
  return [...opened.values()].map(({ one }) => one);
}

function incidentRow({ id }) {
  const outcome = h("span", { class: "outcome" });
  const time = h("time");
  const words = h("span");
  const tried = h("span", { class: "tried" });
  const body = h("div", { class: "inquest" }, h("p", { class: "none" }, "Loading…"));
  const kept = h("div", { class: "evidence" });
  const node = h("details", { "data-id": id, toggle: () => node.open && tell() },
    h("summary", {}, icon("more"), outcome, h("b", {}, id), h("span", { class: "words" }, words, tried), time), body);
  let last = null;
  let told = null;

  function update(incident) {
    last = incident;
    const word = incident.outcome ?? "open";
    set(node, "class", incident.outcome ? "" : "unwell");
    fill(outcome, [word], () => [icon(incident.outcome ? sign(word) : "busy"), word]);
    put(words, incident.detail);
    put(tried, attempts(incident));
    put(time, moment(incident.opened));
    set(time, "datetime", incident.opened);
    set(time, "title", incident.ended ? `${full(incident.opened)}, for ${duration((Date.parse(incident.ended) - Date.parse(incident.opened)) / 1000)}` : full(incident.opened));
    if (node.open && told !== null && told !== mark(incident)) tell();
  }

  async function tell() {
    if (last === null) return;
    told = mark(last);
    try {
      const found = await look("incident", { id });
      body.replaceChildren(story(found, kept, { again: tell, asking: latest.llm.keyManagement.totalKeys > 0 }));
      if (!found.evidence && secondsSince(last.opened) < GATHERED) setTimeout(() => node.open && tell(), AGAIN);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      told = null;
      if (body.querySelector("h3") === null) body.replaceChildren(h("p", { class: "wrong" }, `Not loaded, it is tried again: ${error.message}`));
      setTimeout(() => node.open && told === null && tell(), LATER);
    }
  }

  function reveal() {
    node.open = true;
    node.scrollIntoView({ block: "start" });
    node.querySelector("summary").focus({ preventScroll: true });
  }
  return { node, update, reveal };
}

function mark(incident) {
  return JSON.stringify([incident.outcome, incident.attempts]);
}

function attempts(incident) {
  if (incident.outcome === "healed" && incident.attempts.length === 1) return `by ${incident.attempts[0].remedy}`;
  const tried = incident.attempts.map((one) => `${one.remedy} ${one.result ?? "under way"}`);
  if (tried.length > 2) return `${tried.length} attempts, the last: ${tried.at(-1)}`;
  return tried.join(", ");
}
