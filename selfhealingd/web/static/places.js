// Where on this page a command that looks leads to.

import { byId } from "./dom.js";
import { knowsIncident, revealIncident } from "./incidents.js";
import { knowsService, reveal } from "./services.js";

const LOOKS = /^selfhealctl ([a-z]+)(?: ([^\s-]\S*))?(?: (?:stdout|stderr))?(?: -.*)?$/;
const SECTIONS = {
  incidents: "incidents",
  events: "events",
  breakers: "of-breakers",
  forecast: "of-forecasts",
  tasks: "of-tasks",
  flags: "of-flags",
};
const OF_SERVICES = new Set(["show", "explain", "status", "logs", "tail"]);

// { words, label, go }, or null where the page doesn't show it.
export function placeOf(command) {
  const [, verb, name = ""] = LOOKS.exec(command) ?? [];
  if (verb === "show" && knowsIncident(name)) return place(`incident ${name}`, () => revealIncident(name));
  if (OF_SERVICES.has(verb) && knowsService(name)) {
    const log = verb === "logs" || verb === "tail";
    return log ? place(`of ${name}`, () => reveal(name, { log }), "Show the log") : place(name, () => reveal(name));
  }
  const section = Object.hasOwn(SECTIONS, verb ?? "") && SECTIONS[verb];
  return section ? place(verb, () => goTo(section)) : null;
}

function place(what, go, words = "Show") {
  return { words, label: `${words} ${what}`, go };
}

export function goTo(section) {
  byId(section).scrollIntoView();
  byId(section).focus({ preventScroll: true });
}
