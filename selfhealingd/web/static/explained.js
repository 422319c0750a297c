// Why a service is as it is: the answer of `explain`, with what the status has.

import { brief } from "./brief.js";
import { copyable } from "./copy.js";
import { h } from "./dom.js";
import { eventLine } from "./events.js";
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
    ["Its logs", service.log && copyable(`selfhealctl logs ${service.name}`)],
    ["Incident", service.incident && copyable(`selfhealctl show ${service.incident}`)],
  ]
    .filter(([, value]) => value)
    .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)));
}

function hindrance(one) {
  return [`${one.words}${one.until ? `, until ${moment(one.until)}` : ""} `, one.do && copyable(one.do)];
}
