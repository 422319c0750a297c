// The status page: a stream of documents in, and what differs is shown.

import { Refused, look, token } from "./api.js";
import { fetchRunbooks } from "./choices.js";
import { allowDeeds, beginDeeds } from "./doing.js";
import { byId, put, show } from "./dom.js";
import { addEvent, showEvents } from "./events.js";
import { fetchIncidents, noteIncident, showIncidents } from "./incidents.js";
import { beginKeys } from "./keys.js";
import { setHeard, setLink, showLink, unknown } from "./link.js";
import { beginTasks, showBreakers, showFlags, showForecasts, showTasks } from "./lists.js";
import { follow } from "./live.js";
import { beginLock } from "./locked.js";
import { beginLogs } from "./log.js";
import { forget, note, remember } from "./samples.js";
import { beginServices, showServices } from "./services.js";
import { beginThemes } from "./themes.js";
import { showNothing, showTitle, showVerdict } from "./verdict.js";
import { now } from "./words.js";

const FORECASTS = 60_000;
const AGAIN = 5000;
const LISTS = ["programs", "watches", "circuitBreakers"];

let status = null;
let drawn = null;
let forecasts = null;
let asked = 0;
let stream = null;
let linked = "begin";
let late = 0;

const told = {
  status(document) {
    if (linked === "polled" && opened(document) !== opened(status)) fetchIncidents().then(soon, quietly);
    status = { ...document, heard: new Date(now()).toISOString() };
    setHeard();
    const services = [...status.programs, ...status.watches];
    for (const one of services) {
      note(one.name, "cpu", one.cpu);
      note(one.name, "memory", one.memory);
    }
    forget(new Set(services.map((one) => one.name)));
    showTitle(status, unknown()); // of a page that nobody sees it is all that is drawn
    soon();
  },
  changes(document) {
    const lists = LISTS.map((name) => [name, merged(status[name], document[name])]);
    told.status({ ...document, ...Object.fromEntries(lists) });
  },
  announce(event) {
    if (addEvent(event)) noteIncident(event);
    soon();
  },
  link(state) {
    const before = linked;
    linked = state.state;
    setLink(state);
    allowDeeds(!unknown());
    showTitle(status, unknown());
    if (linked !== before && heard()) fetchPast();
    soon();
  },
};

// What is as it was stays the very same object: by that its row knows.
function merged(before, changed) {
  const now = new Map(changed.map((one) => [one.name, one]));
  return before.map((one) => now.get(one.name) ?? one);
}

function heard() {
  return linked === "live" || linked === "polled";
}

function opened(document) {
  return document?.incidents.map((one) => one.id).join(" ");
}

// What was before the stream began, or while there was none.
async function fetchPast() {
  fetchForecasts();
  const fetched = [fetchIncidents(), fetchRunbooks(), look("history").then(remember)];
  try {
    await Promise.all(fetched);
  } catch (error) {
    quietly(error);
    clearTimeout(late);
    late = setTimeout(() => heard() && fetchPast(), AGAIN);
  }
  soon();
}

// What nothing tells of when it changes.
async function fetchForecasts() {
  asked = Date.now();
  forecasts = await look("forecast").catch(quietly) ?? forecasts;
  showForecasts(forecasts);
}

// The rest of the page says that the daemon can't be asked.
function quietly(error) {
  if (!(error instanceof Refused)) throw error;
}

let waiting = false;

// Once for each picture that the screen shows, however much has come.
function soon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(draw);
}

function draw() {
  waiting = false;
  showLink(stream);
  show(byId("forget"), token() !== null);
  if (status === null) {
    showNothing(linked);
    return;
  }
  showServices(status);
  showIncidents(status);
  showVerdict(status, unknown()); // it leads to what the two have
  showEvents();
  if (status !== drawn) showLists();
  drawn = status;
}

// Of these nothing changes but with a document.
function showLists() {
  showBreakers(status.circuitBreakers);
  showTasks(status.backgroundTasks);
  showFlags(status.flags);
}

put(byId("where"), location.host);
beginThemes();
beginKeys();
beginDeeds();
beginLock();
beginLogs();
beginTasks();
beginServices();
stream = follow(told);
setInterval(() => {
  if (document.hidden) return;
  if (Date.now() - asked > FORECASTS && heard()) fetchForecasts();
  soon();
}, 1000);
