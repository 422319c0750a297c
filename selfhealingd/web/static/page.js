// The status page: a stream of documents in, and what differs is shown.

import { Refused, look, token } from "./api.js";
import { beginDeeds } from "./deeds.js";
import { byId, put, show } from "./dom.js";
import { addEvent, showEvents } from "./events.js";
import { fetchIncidents, noteIncident, showIncidents } from "./incidents.js";
import { beginKeys } from "./keys.js";
import { setHeard, setLink, showLink } from "./link.js";
import { showBreakers, showFlags, showForecasts, showTasks } from "./lists.js";
import { follow } from "./live.js";
import { beginLock } from "./locked.js";
import { forget, note, remember } from "./samples.js";
import { beginServices, showServices } from "./services.js";
import { beginThemes } from "./themes.js";
import { showTitle, showVerdict } from "./verdict.js";

const FORECASTS = 60_000;

let status = null;
let forecasts = null;
let asked = 0;
let stream = null;
let linked = "begin";

const told = {
  status(document) {
    status = { ...document, heard: new Date().toISOString() };
    setHeard();
    const services = [...status.programs, ...status.watches];
    for (const one of services) {
      note(one.name, "cpu", one.cpu);
      note(one.name, "memory", one.memory);
    }
    forget(new Set(services.map((one) => one.name)));
    showTitle(status); // of a page that nobody sees it is all that is drawn
    soon();
  },
  announce(event) {
    if (addEvent(event)) noteIncident(event);
    soon();
  },
  link(state) {
    const back = state.state === "live" && linked !== "live";
    linked = state.state;
    setLink(state);
    if (back) fetchPast();
    soon();
  },
};

// What was before the stream began, or while there was none.
async function fetchPast() {
  fetchForecasts();
  await Promise.all([
    fetchIncidents().catch(quietly),
    look("history").then(remember).catch(quietly),
  ]);
  soon();
}

// What nothing tells of when it changes.
async function fetchForecasts() {
  asked = Date.now();
  forecasts = await look("forecast").catch(quietly) ?? forecasts;
  soon();
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
  if (status === null) return;
  showVerdict(status);
  showServices(status);
  showIncidents(status);
  showEvents();
  showBreakers(status.circuitBreakers);
  showTasks(status.backgroundTasks);
  showFlags(status.flags);
  showForecasts(forecasts);
}

put(byId("where"), location.host);
beginThemes();
beginKeys();
beginDeeds();
beginLock();
beginServices();
stream = follow(told);
setInterval(() => {
  if (document.hidden) return;
  if (Date.now() - asked > FORECASTS && linked === "live") fetchForecasts();
  soon();
}, 1000);
