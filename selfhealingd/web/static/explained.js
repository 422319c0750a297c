// Why a service is as it is: the answer of `explain`, with what the status has.

import { brief } from "./brief.js";
import { commandNode } from "./advice.js";
import { runbooksFor } from "./choices.js";
import { deedButton } from "./doing.js";
import { h } from "./dom.js";
import { eventLine } from "./events.js";
import { manyOf } from "./folded.js";
import { moment } from "./words.js";

export function explanation(service, found, problem = null) {
  return h("div", { class: "explained" },
    h("div", {},
      found && h("ul", { class: "sentences" }, found.words.map((words) => h("li", {}, brief(words)))),
      problem && h("p", { class: "wrong" }, `No explanation: ${problem}`),
      h("dl", { class: "pairs" }, pairs(service, found)),
    ),
    found && found.events.length > 0 && h("div", {},
      h("h3", {}, "Its last events"),
      h("ol", { class: "lines" }, [...found.events].reverse().map((event) => h("li", {}, eventLine(event, false)))),
    ),
  );
}

function pairs(service, found) {
  const ladder = found?.ladder.map((step, place) => (place === found.rung ? `${step} (next)` : step)).join(" → ");
  return [
    ["Process", service.pid === null ? "none" : `pid ${service.pid}, run ${service.runs}`],
    ["Breaker", `${service.breaker}, ${service.consecutiveFailures} failed in a row`],
    ...(found?.hindrances ?? []).map((one) => ["Held back", hindrance(one)]),
    ["Remedies", ladder],
    ["If they fail", found?.limits],
    ...service.probes.map((one) => [`Probe: ${one.name}`, `${one.asks}: ${one.answer ?? "not asked yet"}${one.words ? `, ${one.words}` : ""}`]),
    ["Runbooks", runbooksFor(service.name).length > 0 && deedButton("run", service.name, { words: "Run one…" })],
    ...manyOf(service).map((many) => ["All of", h("span", { class: "step" }, many, ["rolling", "stop", "start"].map((verb) => deedButton(verb, many)))]),
    ["Incident", service.incident && commandNode(`selfhealctl show ${service.incident}`)],
  ]
    .filter(([, value]) => value)
    .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)));
}

function hindrance(one) {
  return [`${one.words}${one.until ? `, until ${moment(one.until)}` : ""} `, one.do && commandNode(one.do)];
}
