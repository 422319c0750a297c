// How a deed is confirmed, with a reason that the journal keeps, and carried out.

import { Refused, act, carryThrough, forgetToken, holdToken, token } from "./api.js";
import { runbooksFor } from "./choices.js";
import { DEEDS, commandOf, nameOf } from "./deeds.js";
import { byId, h, put, set, show } from "./dom.js";
import { toast } from "./toast.js";
import { showWrong } from "./wrong.js";

const TOO_OFTEN = 429; // after many wrong tokens none is looked at for a while

// `after` is called once it is done.
export function deedButton(verb, name, { words = DEEDS[verb].title, after = null, ...how } = {}) {
  const own = { type: "button", class: verb, "aria-label": nameOf(verb, name), ...how, "data-deed": verb };
  return h("button", { ...own, click: () => openDeed(verb, name, after), "aria-disabled": !allowed && "true" }, words);
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

function openDeed(verb, name, after) {
  if (!allowed) {
    toast("Not now:", "nothing is known of the daemon.");
    return;
  }
  const deed = DEEDS[verb];
  meant = { verb, name, deed, after, title: nameOf(verb, name), opener: document.activeElement };
  put(byId("deed-title"), `${meant.title}?`);
  put(byId("deed-words"), deed.words(name));
  put(byId("deed-yes"), deed.title);
  set(byId("deed-yes"), "class", deed.grave ? "primary grave" : "primary");
  show(byId("deed-why"), !deed.silent);
  byId("deed-reason").required = !deed.silent;
  byId("deed-reason").value = "";
  offer(deed.choice ? runbooksFor(name) : []);
  fail(null);
  askToken();
  byId("deed").showModal();
  const first = [byId("deed-choice"), byId("deed-reason"), byId("deed-token"), byId("deed-yes")];
  first.find((one) => one.checkVisibility()).focus();
}

function offer(choices) {
  show(byId("deed-which"), choices.length > 0);
  put(byId("deed-choice-words"), meant.deed.choice ?? "");
  byId("deed-choice").replaceChildren(...choices.map(([value, words]) => h("option", { value }, words)));
  tellCommand();
}

function tellCommand() {
  put(byId("deed-command"), commandOf(meant.verb, meant.name, byId("deed-choice").value));
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
  const mine = meant;
  fail(null);
  const reason = byId("deed-reason").value.trim();
  if (!reason && !mine.deed.silent) {
    fail(new Refused("a reason is required"));
    byId("deed-reason").focus();
    return;
  }
  const given = byId("deed-token").value.trim();
  if (token() === null) holdToken(given, byId("deed-keep").checked);
  const yes = byId("deed-yes");
  yes.disabled = true;
  put(yes, `${mine.deed.title}: asked`);
  try {
    tellOutcome(mine, await done(mine, reason, byId("deed-choice").value));
    mine.after?.();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    refused(mine, error, given);
  } finally {
    if (meant === mine) {
      yes.disabled = false;
      put(yes, mine.deed.title);
    }
  }
}

// The dialog goes once the daemon has taken it on; how far it is stands below, then.
async function done(mine, reason, choice) {
  const { deed, verb, name, title } = mine;
  const body = deed.body(name, reason, choice);
  const path = deed.path ?? verb;
  let note = null;
  const close = () => meant === mine && byId("deed").close();
  try {
    const told = {
      begun() {
        close();
        note = toast(`${title}:`, "under way", "busy");
      },
      progress: (step) => note.say(`${step.name}: ${step.words || step.state}`),
    };
    const answer = await (deed.lasting ? carryThrough(path, body, told) : act(path, body));
    close();
    return answer;
  } finally {
    note?.end();
  }
}

function refused(mine, error, given) {
  const doubted = error.token || (given && error.status === TOO_OFTEN);
  if (doubted) forgetToken();
  if (meant !== mine || !byId("deed").open) {
    toast(`${mine.title}:`, error.message, "bad");
    return;
  }
  fail(error);
  if (doubted) {
    askToken();
    byId("deed-token").focus();
  }
}

function tellOutcome({ title }, answer) {
  const outcomes = answer.outcomes ?? [];
  const bad = outcomes.filter((one) => !one.ok);
  const words = (bad.length ? bad : outcomes).map((one) => `${one.name}: ${one.words}${one.ok || !one.hint ? "" : ` (${one.hint})`}`).join("; ");
  const mistakes = answer.ok === false ? (answer.errors ?? []) : [];
  const failed = bad.length > 0 || answer.ok === false;
  toast(`${title}: ${failed ? "failed." : "done."}`, words || [answer.words, ...mistakes].join("; "), failed ? "bad" : "good");
}

// What opened the dialog may be gone by now: then the focus goes to its service.
function focusBack() {
  const { name, opener } = meant;
  if (opener.isConnected && document.activeElement === opener) return;
  const row = document.querySelector(`tbody[data-name="${CSS.escape(name)}"] .name`);
  (opener.isConnected ? opener : (row ?? byId("verdict"))).focus({ preventScroll: true });
}

export function beginDeeds() {
  byId("deed-form").addEventListener("submit", (event) => {
    event.preventDefault();
    carryOut();
  });
  byId("deed-reason").addEventListener("input", () => fail(null));
  byId("deed-choice").addEventListener("change", tellCommand);
  byId("deed-no").addEventListener("click", () => byId("deed").close());
  byId("deed").addEventListener("close", focusBack);
  byId("forget").addEventListener("click", () => {
    forgetToken();
    toast("The token is forgotten.");
  });
}
