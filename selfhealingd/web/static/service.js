// One service: a row, and on demand why it is as it is.

import { Refused, look } from "./api.js";
import { deedButton } from "./doing.js";
import { explanation } from "./explained.js";
import { fill, h, icon, put, set, show } from "./dom.js";
import { logOf } from "./log.js";
import { sparkline } from "./samples.js";
import { failingProbes, sign, up } from "./states.js";
import { counting, duration, full, percent, secondsSince, size } from "./words.js";

const LATER = 5000; // until what could not be had is asked for again

export function serviceRow({ name }) {
  const id = `why-${encodeURIComponent(name)}`;
  const state = h("span", { class: "state" });
  const open = h("button", { type: "button", class: "name", "aria-expanded": "false", "aria-controls": id, click: toggle }, icon("more"), h("span", {}, name));
  const group = h("span", { class: "group" });
  const time = h("time");
  const cpu = measured("cpu", percent);
  const memory = measured("memory", size);
  const wrong = h("span", { class: "wrong" });
  const next = h("span", { class: "next" });
  const breaker = h("span", { class: "breaker" });
  const acts = h("span", { class: "acts" });
  const row = h(
    "tr",
    { role: "row" },
    h("td", { role: "cell", class: "is" }, state),
    h("th", { role: "rowheader", scope: "row" }, open, group),
    h("td", { role: "cell", class: "number since" }, time),
    h("td", { role: "cell", class: "measured" }, cpu.node),
    h("td", { role: "cell", class: "measured" }, memory.node),
    h("td", { role: "cell", class: "tells" }, h("div", { class: "story" }, breaker, wrong, next)),
    h("td", { role: "cell", class: "does" }, acts),
  );
  const why = h("div", {}, h("p", { class: "none" }, "Loading…"));
  const log = logOf(name);
  const more = h("td", { role: "cell", colspan: "7", id }, log.node, why);
  const moreRow = h("tr", { role: "row", class: "more", hidden: true }, more);
  const node = h("tbody", { role: "rowgroup", "data-name": name }, row, moreRow);
  let last = null;
  let told = null;

  function update(service) {
    put(time, duration(secondsSince(service.since)));
    put(next, upcoming(service));
    cpu.update(name, service.cpu);
    memory.update(name, service.memory);
    if (service === last) return;
    last = service;
    node.classList.toggle("unwell", service.judged.unwell);
    fill(state, [service.state, service.judged.sign], () => [icon(service.judged.sign), h("span", { class: service.judged.sign }, service.state)]);
    put(group, [service.kind === "watch" && "watch", !`${name}:`.startsWith(`${service.group}:`) && service.group].filter(Boolean).join(" · "));
    set(time, "datetime", service.since);
    set(time, "title", full(service.since));
    put(wrong, problem(service));
    fill(breaker, [service.breaker], () => service.breaker !== "CLOSED" && h("span", { class: sign(service.breaker) }, icon(sign(service.breaker)), `breaker ${service.breaker}`));
    fill(acts, [up(service), service.breaker, service.removed, service.pendingUpdate], () => buttons(service));
    if (!moreRow.hidden && told !== null && told !== mark(service)) tell();
  }

  function toggle() {
    show(moreRow, moreRow.hidden);
    set(open, "aria-expanded", String(!moreRow.hidden));
    node.classList.toggle("open", !moreRow.hidden);
    if (moreRow.hidden) log.end();
    else tell();
  }

  function reveal(what) {
    if (moreRow.hidden) toggle();
    if (what.log) log.begin();
    node.scrollIntoView({ block: "start" });
    if (!document.querySelector("dialog[open]")) open.focus({ preventScroll: true });
  }

  async function tell() {
    told = mark(last);
    const service = last;
    try {
      const found = await look("explain", { name });
      why.replaceChildren(explanation(service, found));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      told = null;
      why.replaceChildren(explanation(service, null, error.message));
      setTimeout(() => !moreRow.hidden && told === null && tell(), LATER);
    }
  }

  return { node, update, reveal };
}

// What is told again when it changes, while it is looked at.
function mark(service) {
  return JSON.stringify([service.state, service.runs, service.next && service.nextAt, service.incident, service.breaker, service.symptoms.length, service.probes]);
}

function measured(metric, words) {
  const number = h("span", { class: "value" });
  const picture = sparkline(metric);
  const node = h("span", { class: "pair" }, h("span", { class: "label" }, metric), number, picture.node);
  const update = (name, value) => {
    put(number, value === null || value === undefined ? "–" : words(value));
    set(node, "class", value === null || value === undefined ? "pair nothing" : "pair");
    picture.update(name);
  };
  return { node, update };
}

function buttons(service) {
  const { name, kind, breaker } = service;
  const own = up(service) ? ["restart", "stop"] : service.removed ? [] : ["start"];
  const verbs = own.map((verb) => deedButton(verb, name));
  if (service.removed || service.pendingUpdate) verbs.unshift(deedButton("update", name));
  if (breaker !== "CLOSED") verbs.unshift(deedButton("reset", `${kind}:${name}`, { words: "Reset" }));
  return verbs;
}

// How the last run ended explains nothing of what is well.
function problem(service) {
  const well = service.state === "RUNNING" && !service.incident;
  return [
    ...service.symptoms.map((one) => one.words).filter((words) => words !== service.next),
    !well && service.exit,
    service.notReady && `not ready: ${service.notReady}`,
    ...failingProbes(service).map((one) => `${one.name} ${one.answer}: ${one.words}`),
  ].filter(Boolean).join("; ");
}

function upcoming(service) {
  const changes = service.removed
    ? `gone from the config: an update ${up(service) ? "stops" : "drops"} it`
    : service.pendingUpdate && "an update applies a new config";
  // The command for it is told above, and on its button.
  const ahead = service.next?.replace(/^nothing until: selfhealctl reset .*/, "nothing until its breaker is reset");
  const next = ahead && `next: ${counting(ahead, service.nextAt)}`;
  const says = service.statusText && `says: ${service.statusText}`;
  return [next, changes, says].filter(Boolean).join("; ");
}
