// One incident told from its beginning: what happened, was tried, was probably wrong.

import { Refused, act, forgetToken } from "./api.js";
import { brief } from "./brief.js";
import { commandNode } from "./advice.js";
import { deedButton } from "./doing.js";
import { h, icon } from "./dom.js";
import { evidence } from "./evidence.js";
import { askForToken } from "./locked.js";
import { placeOf } from "./places.js";
import { sign } from "./states.js";
import { toast } from "./toast.js";
import { full, moment } from "./words.js";

// `place` is where its evidence is shown, and stays when the story is told again, by
// `again`. `asking`: there is a model that may be asked.
export function story(found, place, { again, asking }) {
  const { incident, diagnosis, modelDiagnosis } = found;
  return h("div", {},
    found.next && h("p", {}, h("b", {}, "Next: "), found.next),
    [diagnosis, modelDiagnosis].map((one) => one && h("p", { class: "diagnosis" }, h("b", {}, `Probably ${one.cause}: `), one.summary,
      ` (${Math.round(one.confidence * 100)} % sure, by ${one.by === "model" ? (one.of ?? "a model") : "rules"})`)),
    asking && !modelDiagnosis && deedButton("diagnose", incident.id, { words: "Ask a model…", after: again }),
    commands([...found.do, ...(diagnosis?.nextCommands ?? []), ...(modelDiagnosis?.nextCommands ?? [])]),
    h("h3", {}, "What happened"),
    h("ol", { class: "lines" }, timeline(found)),
    incident.attempts.length > 0 && h("h3", {}, "What was tried"),
    h("ol", { class: "lines" }, incident.attempts.map((one) => h("li", {},
      h("time", { datetime: one.started, title: full(one.started) }, moment(one.started)),
      icon(one.result ? sign(one.result) : "busy"),
      h("span", {}, brief(`${one.remedy}: ${one.result ?? "under way"}${one.detail ? `, ${one.detail}` : ""}`))))),
    found.notes.map((words) => h("p", { class: "note" }, words)),
    found.evidence && kept(incident.id, found.evidence, place),
  );
}

// Each way once: what has a button here stands where that is.
function commands(list) {
  const ways = new Map(list.map((one) => [placeOf(one)?.label ?? one, one]));
  const left = [...ways.values()].filter((one) => !one.startsWith("selfhealctl evidence "));
  return left.length > 0 && h("div", { class: "steps" }, left.map((one) => commandNode(one)));
}

function timeline(found) {
  const lines = found.timeline.map((one) => h("li", {},
    h("time", { datetime: one.at, title: full(one.at) }, moment(one.at)),
    ["debug", "info"].includes(one.level) ? h("span", { class: "icon" }) : icon(sign(one.level)),
    h("span", {}, brief(one.words))));
  if (found.leftOut) lines.splice(lines.length / 2, 0, h("li", { class: "left-out" }, `${found.leftOut} more in between`));
  return lines;
}

function kept(id, summary, place) {
  const button = h("button", { type: "button", class: "examine", click: open }, "Show the evidence");
  const fetched = async () => place.replaceChildren(evidence(await act("evidence", { id })));
  async function open() {
    button.disabled = true;
    try {
      await fetched();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 401) {
        forgetToken();
        askForToken("Evidence holds lines of logs: it is for operators.", fetched);
      } else toast(`No evidence of ${id}.`, error.message, "bad");
    } finally {
      button.disabled = false;
    }
  }
  return [h("h3", {}, "Evidence"),
    h("p", {}, `taken ${moment(summary.taken)}: ${summary.kept.join(", ") || "nothing"}`, summary.missing.length > 0 && `; missing: ${summary.missing.join(", ")}`),
    place, button];
}
