// What has happened lately, newest first.

import { brief } from "./brief.js";
import { byId, h, icon, keyed, put, show } from "./dom.js";
import { some } from "./some.js";
import { sign } from "./states.js";
import { full, moment } from "./words.js";

const KEPT = 200;
const SHOWN = 15;

const events = [];
const seen = new Set();

// Returns whether it is a new one: after a pause some come again.
export function addEvent(event) {
  const key = `${event.at} ${event.seq} ${event.kind} ${event.service} ${event.words}`;
  if (seen.has(key)) return false;
  seen.add(key);
  events.unshift({ ...event, key });
  for (const old of events.splice(KEPT)) seen.delete(old.key);
  return true;
}

export function showEvents() {
  const told = events.filter((event) => event.level !== "debug");
  const shown = some("events", told, SHOWN, showEvents);
  keyed(byId("event-list"), shown, (event) => event.key, (event) => ({
    node: h("li", { class: sign(event.level) }, eventLine(event, true)),
    update: () => {},
  }));
  show(byId("event-list"), shown.length > 0);
  show(byId("events-none"), shown.length === 0);
  put(byId("events-count"), told.length ? "newest first" : "");
}

export function eventLine(event, named) {
  const level = sign(event.level);
  return [
    h("time", { datetime: event.at, title: full(event.at) }, moment(event.at)),
    level === "quiet" ? h("span", { class: "icon" }) : icon(level),
    h("span", {}, level !== "quiet" && h("span", { class: "unseen" }, `${event.level}: `), named && event.service && h("b", {}, event.service), " ", brief(event.words)),
  ];
}
