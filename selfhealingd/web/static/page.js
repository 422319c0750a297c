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
    if (back) fetchRest();
    soon();
  },
};

// What doesn't come with the stream, or was missed while there was none.
async function fetchRest() {
  asked = Date.now();
  const quietly = (error) => {
    if (!(error instanceof Refused)) throw error;
  };
  await Promise.all([
    fetchIncidents().catch(quietly),
    look("forecast").then((found) => (forecasts = found)).catch(quietly),
    look("history").then(remember).catch(quietly),
  ]);
  soon();
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
  if (Date.now() - asked > FORECASTS && linked === "live") fetchRest();
  soon();
}, 1000);
