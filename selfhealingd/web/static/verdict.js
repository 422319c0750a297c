// What is wrong, in words, with what to type: as `selfhealctl status` begins.

import { adviceNodes } from "./advice.js";
import { deedButton } from "./doing.js";
import { byId, fill, h, icon, keyed, put, set, show } from "./dom.js";
import { some } from "./some.js";
import { TITLES, sign } from "./states.js";
import { count, counting, duration, moment, secondsSince } from "./words.js";

const SHOWN = 12;
const SPOKEN = 10_000;
const DORMANT = "DORMANT mode";
const LEVELS = { CRITICAL: "bad", WARNING: "warn", PROPOSED: "busy" };
// Within the page, as it is needed when nothing can be fetched.
const UNKNOWN = byId("favicon").getAttribute("href");

// Before anything is known.
const NOTHING = {
  begin: "Waiting for the daemon",
  lost: "Unknown: the daemon can't be reached",
  locked: "Locked: it takes the token to look",
};

export function showNothing(link) {
  put(byId("word"), NOTHING[link] ?? NOTHING.begin);
}

// `old`: nothing is known any more of what is.
export function showVerdict(status, old) {
  const services = [...status.programs, ...status.watches];
  const title = TITLES[status.status] ?? status.status;
  set(byId("verdict"), "data-status", status.status);
  fill(byId("sign"), [status.status, old], () => icon(old ? "quiet" : sign(status.status)));
  put(byId("word"), old ? `Unknown; last ${title.toLowerCase()}` : title);
  put(byId("counts"), counted(status));
  speak([byId("word").textContent, status.issues.length && count(status.issues.length, "issue")].filter(Boolean).join(", "));
  showDormant(status);
  showIssues(status, services);
  showFacts(status);
}

// What a tab shows of it.
export function showTitle(status, old) {
  const known = !old && status !== null;
  const issues = known && status.issues.length ? ` (${status.issues.length})` : "";
  const title = known ? (TITLES[status.status] ?? status.status) : "Unknown";
  document.title = `${title}${issues} · selfhealingd · ${location.host}`;
  set(byId("favicon"), "href", known && status.status in TITLES ? `static/${status.status}.svg` : UNKNOWN);
}

function counted(status) {
  const parts = [];
  if (status.issues.length) parts.push(count(status.issues.length, "issue"));
  if (status.programs.length) parts.push(running("program", status.programs));
  if (status.watches.length) parts.push(running("watch", status.watches, "watches"));
  if (!status.programs.length && !status.watches.length) parts.push("nothing is supervised yet");
  return parts.join(", ");
}

let spoken = -Infinity;

// To a screen reader, when it changes: not each time that something goes up and down.
function speak(words) {
  if (byId("spoken").textContent === words || performance.now() - spoken < SPOKEN) return;
  spoken = performance.now();
  put(byId("spoken"), words);
}

function running(one, services, many) {
  const up = services.filter((service) => service.state === "RUNNING").length;
  return `${up} of ${count(services.length, one, many)} running`;
}

function showDormant(status) {
  const box = byId("dormant");
  const healing = status.selfHealing;
  show(box, healing.isDormant);
  if (!healing.isDormant) return;
  const main = status.circuitBreakers.find((one) => one.name === "self-healing-main");
  fill(box, [healing.dormantReason, main?.changedAt, advice(status)], () => [
    h("h3", {}, icon("bad"), "Dormant: healing has stopped"),
    h("p", {}, h("strong", {}, healing.dormantReason)),
    h("p", {}, main?.changedAt && `Since ${moment(main.changedAt)}. `, "What runs keeps running and is watched, but nothing is healed until a person resumes."),
    h("div", { class: "steps" }, adviceNodes(advice(status), "resume")),
    deedButton("resume", "", { class: "primary", id: "resume", words: "Resume healing…" }),
  ]);
}

function advice(status) {
  const at = status.issues.findIndex((issue) => issue.includes(DORMANT));
  return at < 0 ? "" : status.recommendations[at];
}

function showIssues(status, services) {
  const issues = status.issues
    .map((words, number) => ({ words, advice: status.recommendations[number] ?? "" }))
    .filter((one) => !one.words.includes(DORMANT));
  const shown = some("issues", [...issues, ...status.llm.approvals.map(proposal)], SHOWN, () => showIssues(status, services));
  // By place: what an issue says of itself changes with each second that passes.
  keyed(byId("issues"), shown.map((one, number) => ({ ...one, words: live(one.words, services), number })), (one) => one.number, issueRow);
}

// What a model would do, and only a person may let it.
function proposal(one) {
  const words = `PROPOSED: a model would have this done for ${one.service}: ${one.action}; it waits until ${moment(one.until)}`;
  return { words, advice: `see why: selfhealctl show ${one.incident}; have it done: ${one.do}` };
}

// "next: restart in 3.6 s" of an issue counts on, as that of its service does.
function live(words, services) {
  const service = services.find((one) => one.next && one.nextAt && words.includes(one.next));
  return service ? words.replace(service.next, () => counting(service.next, service.nextAt)) : words;
}

function issueRow() {
  const mark = h("span", { class: "mark" });
  const words = h("p");
  const does = h("div", { class: "steps" });
  const node = h("li", {}, mark, words, does);
  function update(one) {
    const [, level, rest] = /^(?:([A-Z]+): )?([^]*)$/.exec(one.words);
    fill(mark, [level], () => [icon(LEVELS[level] ?? "warn"), h("span", { class: "unseen" }, `${(level ?? "warning").toLowerCase()}:`)]);
    put(words, rest);
    fill(does, [one.advice], () => adviceNodes(one.advice));
  }
  return { node, update };
}

function showFacts(status) {
  const { selfHealing: healing, backgroundTasks: tasks, llm } = status;
  const keys = llm.keyManagement;
  const state = healing.isDormant ? "dormant" : healing.enabled ? "on" : "switched off";
  const facts = [
    ["Healing", state, state === "on" ? "" : "warn"],
    ["Failures in a row", healing.consecutiveFailures, healing.consecutiveFailures ? "warn" : ""],
    ["Healings that helped", `${healing.successfulHealings} of ${healing.successfulHealings + healing.failedHealings}`],
    ["Wait after a failure", duration(healing.backoffDelay / 1000)],
    ["Background tasks", `${tasks.activeTasks} of ${tasks.totalTasks} active`],
    keys.totalKeys > 0 && ["Keys for a model", `${keys.activeKeys} of ${keys.totalKeys} usable`, keys.activeKeys ? "" : "warn"],
    ["Daemon", `${status.version}, pid ${status.pid}, up ${duration(status.uptime + age(status))}`],
  ].filter(Boolean);
  keyed(byId("facts"), facts, ([name]) => name, () => {
    const name = h("dt");
    const value = h("dd");
    const update = (fact) => {
      put(name, fact[0]);
      put(value, fact[1]);
      set(value, "class", fact[2]);
    };
    return { node: h("div", {}, name, value), update };
  });
}

function age(status) {
  return secondsSince(status.heard);
}
