// Breakers, forecasts, background tasks and flags: what there is to say of each.

import { deedButton } from "./doing.js";
import { byId, fill, h, icon, put } from "./dom.js";
import { sign } from "./states.js";
import { count, duration, moment, percent, size } from "./words.js";

const MOST = 100;
const FLAGS = {
  FEATURE_AUTO_HEALING_ENABLED: "Healing, restarts included:",
  FEATURE_AUTO_DETECTION_MONITORING: "Probes and rules:",
  FEATURE_PREVENTIVE_HEALING_ENABLED: "Acting on forecasts:",
  FEATURE_PROCESS_MONITORING_ENABLED: "Measuring processes:",
  FEATURE_LLM_DIAGNOSIS_ENABLED: "Diagnosis by a model:",
};

// Something with a sign, a name, words in small, and what can be done about it.
function entry(mark, name, word, words = "", button = null) {
  return h("li", {}, icon(mark), h("span", { class: "what" }, h("b", {}, name), " ", word),
    words && h("span", { class: "small" }, words), button);
}

// `rest` is made only when it is looked at: there may be a thousand, and then the first.
function list(place, title, first, rest) {
  const more = rest.length > 0 && h("details", { toggle: (event) => {
    const body = event.target;
    if (body.open && body.children.length === 1) body.append(h("ul", {}, rest.slice(0, MOST).map((make) => make()), rest.length > MOST && h("li", {}, `and ${rest.length - MOST} more`)));
  } }, h("summary", {}, icon("more"), title));
  place.replaceChildren(...[first.length > 0 && h("ul", {}, first), more].filter(Boolean));
}

export function beginTasks() {
  const verbs = [["pause-all", "Pause all"], ["resume-all", "Resume all"], ["cleanup", "End all"]];
  byId("task-deeds").append(...verbs.map(([verb, words]) => deedButton(verb, "", { words })));
}

// Made again when what it says has changed; what was opened stays open.
function remade(id, of, make) {
  const place = byId(id);
  const open = place.querySelector("details")?.open;
  let made = false;
  fill(place, of, () => {
    made = true;
    return "";
  });
  if (!made) return;
  make(place);
  const more = place.querySelector("details");
  if (open && more) more.open = true;
}

export function showBreakers(breakers) {
  const unwell = breakers.filter((one) => one.state !== "CLOSED");
  const closed = breakers.filter((one) => one.state === "CLOSED");
  put(byId("breakers-count"), unwell.length ? `${unwell.length} of ${breakers.length} not closed` : "all closed");
  remade("breakers", breakers, (place) => list(place, `${unwell.length ? "The closed ones" : "Each of them"}: ${closed.length}`,
    unwell.map(breaker), closed.map((one) => () => breaker(one))));
}

function breaker(one) {
  const failures = one.failureCount ? `${count(one.failureCount, "failure")} in a row` : "";
  const until = one.openUntil && `tries again at ${moment(one.openUntil)}`;
  const by = one.changedBy && `by ${one.changedBy}`;
  const words = [failures, one.permanentOpenReason, until, one.changeReason, by].filter(Boolean);
  const button = one.state === "CLOSED" ? null : deedButton(one.name === "self-healing-main" && one.state === "PERMANENT_OPEN" ? "resume" : "reset", one.name);
  return entry(sign(one.state), one.name, one.state, [...new Set(words)].join("; "), button);
}

export function showTasks({ tasks, activeTasks, totalTasks }) {
  put(byId("tasks-count"), `${activeTasks} of ${totalTasks} active`);
  const told = tasks.map(({ id, owner, every, state, failures, failing, lastError, runs }) => ({ id, owner, every, state, failures, failing, lastError, some: runs > 0 }));
  remade("tasks", told, (place) => list(place, "", told.map((one) => {
    const mark = one.failing ? "bad" : sign(one.state === "running" ? "waiting" : one.state);
    const words = [`every ${duration(one.every)}`, one.owner === "daemon" ? "" : `the ${one.owner}'s`, one.failures && `${one.failures} failed`, one.lastError];
    const button = one.owner !== "daemon" && deedButton("unregister", one.id, { words: "End" });
    return entry(mark, one.id, one.failing ? "failing" : one.state === "paused" ? "paused" : "", words.filter(Boolean).join("; "), button);
  }), []));
}

export function showFlags({ file, values, loadedAt, error }) {
  const off = Object.values(values).filter((on) => !on).length;
  put(byId("flags-count"), off ? `${off} off` : "all on");
  remade("flags", [values, file, loadedAt, error], (place) => {
    list(place, "", Object.entries(values).map(([name, on]) => entry(on ? "good" : "warn", FLAGS[name] ?? name, on ? "on" : "off", broken(name))), []);
    place.append(h("p", { class: "small" }, loadedAt ? `from ${file}, read ${moment(loadedAt)}` : `there is no file ${file}: every feature is on`));
    if (error) place.append(h("p", { class: "wrong" }, `not taken over: ${error}`));
  });
}

// A long name may be broken after each of its words.
function broken(name) {
  return name.split(/(?<=_)/).flatMap((part) => [part, h("wbr")]);
}

export function showForecasts(forecasts) {
  if (forecasts === null) return;
  const ahead = forecasts.filter((one) => one.told || one.left !== null || one.value >= one.limit);
  const host = forecasts.filter((one) => one.service === null && !ahead.includes(one));
  const rest = forecasts.filter((one) => one.service !== null && !ahead.includes(one));
  put(byId("forecasts-count"), ahead.length ? `${ahead.length} running out` : forecasts.length ? "nothing runs out" : "nothing measured yet");
  const told = forecasts.map((one) => ({ ...one, age: 0, looked: 0, value: Math.round((one.value / one.limit) * 1000) }));
  remade("forecasts", told, (place) => list(place, `What else has a limit: ${rest.length}`,
    [...ahead, ...host].map(forecast), rest.map((one) => () => forecast(one))));
}

function forecast(one) {
  const amount = (number) => (one.unit === "bytes" ? size(number) : String(Math.round(number)));
  const full = one.value >= one.limit;
  const mark = full || one.told ? "bad" : one.left !== null ? "warn" : "good";
  const left = full ? "at its limit" : one.left === null ? "" : `${duration(one.left)} left`;
  const sure = one.confidence !== null && `${Math.round(one.confidence * 100)} % sure`;
  const grows = one.perHour !== null && `+${amount(one.perHour)} an hour`;
  const words = [`${amount(one.value)} of ${amount(one.limit)}, ${percent((one.value / one.limit) * 100)}`, grows, sure];
  return entry(mark, [one.service, one.what].filter(Boolean).join(" "), left, words.filter(Boolean).join("; "));
}
