// What can be done from here. Each is confirmed, with a reason that the journal keeps.

import { Refused, act, forgetToken, holdToken, token } from "./api.js";
import { byId, h, put, set, show } from "./dom.js";
import { toast } from "./toast.js";
import { showWrong } from "./wrong.js";

const TOO_OFTEN = 429; // after many wrong tokens none is looked at for a while

const DEEDS = {
  restart: {
    title: "Restart",
    words: (name) => `${name} is stopped and started anew. What depends on it may notice.`,
    path: "restart",
    lasting: true,
    body: (name, reason) => ({ names: [name], reason }),
    command: (name) => `selfhealctl restart ${name}`,
  },
  start: {
    title: "Start",
    words: (name) => `${name} is brought up.`,
    path: "start",
    lasting: true,
    body: (name, reason) => ({ names: [name], reason }),
    command: (name) => `selfhealctl start ${name}`,
  },
  stop: {
    title: "Stop",
    words: (name) => `${name} is brought down, and stays down until somebody starts it.`,
    path: "stop",
    lasting: true,
    body: (name, reason) => ({ names: [name], reason }),
    command: (name) => `selfhealctl stop ${name}`,
    grave: true,
  },
  reset: {
    title: "Reset breaker",
    words: (name) => `Breaker ${name} is closed and its failures are forgotten. If the cause remains it opens again.`,
    path: "reset",
    body: (name, reason) => ({ name, reason, force: true }),
    command: (name) => `selfhealctl reset ${name} --force --reason "…"`,
  },
  resume: {
    title: "Resume healing",
    words: () => "Healing goes on and counts from zero. If the cause remains it becomes dormant again.",
    path: "system/heal/resume",
    body: (_name, reason) => ({ reason }),
    command: () => 'selfhealctl resume --reason "…"',
  },
};

// The deed that a command of a recommendation does, if it can be done from here.
export function deedOf(command) {
  const [, verb, name = ""] = /^selfhealctl (restart|start|stop|reset|resume)(?: ([^\s-]\S*))?(?: --|$)/.exec(command) ?? [];
  if (!verb || (verb !== "resume" && !name)) return null;
  return { verb, name, title: DEEDS[verb].title };
}

export function deedButton(verb, name, how = {}, words = DEEDS[verb].title) {
  const label = `${DEEDS[verb].title} ${name}`.trim();
  const own = { type: "button", class: verb, "aria-label": label, ...how, "data-deed": verb, click: () => openDeed(verb, name) };
  return h("button", { ...own, "aria-disabled": !allowed && "true" }, words);
}

let allowed = true;

// While nothing is known of the daemon nothing can be done. The buttons stay where they
// are, and keep the focus.
export function allowDeeds(whether) {
  if (allowed === whether) return;
  allowed = whether;
  for (const button of document.querySelectorAll("[data-deed]")) set(button, "aria-disabled", !allowed && "true");
}

let meant = null;

function openDeed(verb, name) {
  if (!allowed) {
    toast("Not now:", "nothing is known of the daemon.", "bad");
    return;
  }
  meant = { verb, name, deed: DEEDS[verb] };
  put(byId("deed-title"), `${meant.deed.title}${name && ` ${name}`}?`);
  put(byId("deed-words"), meant.deed.words(name));
  put(byId("deed-command"), meant.deed.command(name));
  put(byId("deed-yes"), meant.deed.title);
  set(byId("deed-yes"), "class", meant.deed.grave ? "primary grave" : "primary");
  byId("deed-reason").value = "";
  fail(null);
  askToken();
  byId("deed").showModal();
  byId("deed-reason").focus();
}

// Only whoever has none is asked.
function askToken() {
  const known = token() !== null;
  show(byId("deed-key"), !known);
  byId("deed-token").required = !known;
  byId("deed-token").value = "";
}

function fail(error) {
  showWrong("deed-error", error);
}

async function carryOut() {
  const { verb, name, deed } = meant;
  fail(null);
  const reason = byId("deed-reason").value.trim();
  if (!reason) {
    fail(new Refused("a reason is required"));
    byId("deed-reason").focus();
    return;
  }
  const given = byId("deed-token").value.trim();
  if (token() === null) holdToken(given, byId("deed-keep").checked);
  const yes = byId("deed-yes");
  yes.disabled = true;
  put(yes, `${deed.title}: under way`);
  try {
    const answer = await act(deed.path, deed.body(name, reason), { lasting: deed.lasting });
    byId("deed").close();
    tellOutcome(deed, name, answer);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const doubted = error.token || (given && error.status === TOO_OFTEN);
    if (doubted) forgetToken();
    fail(error);
    if (doubted) {
      askToken();
      byId("deed-token").focus();
    }
  } finally {
    yes.disabled = false;
    put(yes, DEEDS[verb].title);
  }
}

function tellOutcome(deed, name, answer) {
  const outcomes = answer.outcomes ?? [];
  const bad = outcomes.filter((one) => !one.ok);
  const words = (bad.length ? bad : outcomes).map((one) => `${one.name}: ${one.words}`).join("; ");
  const kind = bad.length ? "bad" : "good";
  toast(`${deed.title}${name && ` ${name}`}: ${bad.length ? "failed." : "done."}`, words || answer.words, kind);
}

export function beginDeeds() {
  byId("deed-form").addEventListener("submit", (event) => {
    event.preventDefault();
    carryOut();
  });
  byId("deed-reason").addEventListener("input", () => fail(null));
  byId("deed-no").addEventListener("click", () => byId("deed").close());
  byId("forget").addEventListener("click", () => {
    forgetToken();
    toast("The token is forgotten.");
  });
}
