// What can be done from here, in words and in the daemon's: which method, with which
// params. How it is confirmed and carried out is in doing.js.

const named = (name, reason) => ({ names: [name], reason });
const all = (_name, reason) => ({ reason });
const identified = (id, reason) => ({ id, reason });
const WHY = '--reason "…"';

// `path`, the command and what it is `called` are made of the deed's own name and title
// unless they are said. `lasting`: it is told of until its end. `grave`: it takes
// something away. `silent`: no reason is kept. `choice`: what has to be chosen.
export const DEEDS = {
  restart: {
    title: "Restart",
    words: (name) => `${name} is stopped and started anew. What depends on it may notice.`,
    body: named,
    lasting: true,
  },
  rolling: {
    title: "Restart one by one",
    called: (name) => `Restart ${name} one by one`,
    path: "restart",
    words: (name) => `Each of ${name} is stopped and started anew, once the one before is up. The first that does not come up ends it.`,
    body: (name, reason) => ({ ...named(name, reason), max_unavailable: 1 }),
    command: (name) => `selfhealctl restart --rolling ${name}`,
    lasting: true,
  },
  start: {
    title: "Start",
    words: (name) => `${name} is brought up.`,
    body: named,
    lasting: true,
  },
  stop: {
    title: "Stop",
    words: (name) => `${name} is brought down, and stays down until somebody starts it.`,
    body: named,
    lasting: true,
    grave: true,
  },
  run: {
    title: "Run a runbook",
    called: (name) => `Run a runbook for ${name}`,
    words: (name) => `The operator's command is run for ${name} now, whatever state it is in.`,
    body: (name, reason, runbook) => ({ ...named(name, reason), runbook }),
    command: (name, runbook) => `selfhealctl run ${runbook} ${name}`,
    lasting: true,
    choice: "Runbook",
  },
  reset: {
    title: "Reset breaker",
    words: (name) => `Breaker ${name} is closed and its failures are forgotten. If the cause remains it opens again.`,
    body: (name, reason) => ({ name, reason, force: true }),
    command: (name) => `selfhealctl reset ${name} --force ${WHY}`,
  },
  resume: {
    title: "Resume healing",
    path: "system/heal/resume",
    words: () => "Healing goes on and counts from zero. If the cause remains it becomes dormant again.",
    body: all,
    command: () => `selfhealctl resume ${WHY}`,
  },
  "pause-all": {
    title: "Pause all tasks",
    words: () => "No run of a background task begins any more, the daemon's own included: it samples nothing until they are resumed.",
    body: all,
    grave: true,
  },
  "resume-all": {
    title: "Resume all tasks",
    words: () => "Every background task of the config runs again, also those that were ended by hand.",
    body: all,
  },
  cleanup: {
    title: "End all tasks",
    words: () => "Every background task is ended at once, the daemon's own included, until they are resumed: for an emergency.",
    body: all,
    grave: true,
  },
  unregister: {
    title: "End task",
    words: (id) => `${id} is ended, a run of it too, and runs no more until all tasks are resumed.`,
    body: identified,
    grave: true,
  },
  reload: {
    title: "Reload",
    words: () => "Config and flags are read again. Nothing is restarted; with a mistake in them nothing changes.",
    body: all,
  },
  update: {
    title: "Update",
    words: (name) => `The config is read again and put into force${name && ` for ${name}`}. What has changed is restarted, what is gone from it is stopped.`,
    body: (name, reason) => ({ names: name ? [name] : [], reason }),
    lasting: true,
    grave: true,
  },
  approve: {
    title: "Approve",
    path: "llm-approve",
    words: (id) => `What the model proposes under ${id} is done, once.`,
    body: identified,
    command: (id) => `selfhealctl llm approve ${id} ${WHY}`,
  },
  trust: {
    title: "Trust again",
    called: (name) => `Trust the model on ${name} again`,
    path: "llm-trust",
    words: (name) => `The model may act on ${name} again, where the config lets it. What it did before was in vain.`,
    body: (name, reason) => ({ name, reason }),
    command: (name) => `selfhealctl llm trust ${name} ${WHY}`,
  },
  diagnose: {
    title: "Ask a model",
    called: (id) => `Ask a model about ${id}`,
    path: "llm-diagnose",
    words: (id) => `The evidence of ${id} is sent to the model that the config names, without what is secret. It costs one call.`,
    body: (id) => ({ id }),
    command: (id) => `selfhealctl llm diagnose ${id}`,
    lasting: true,
    silent: true,
  },
};

export function nameOf(verb, name) {
  const { title, called } = DEEDS[verb];
  return called ? called(name) : `${title} ${name}`.trim();
}

export function commandOf(verb, name, choice = "") {
  const { command } = DEEDS[verb];
  return command ? command(name, choice) : `selfhealctl ${verb} ${name}`.trim();
}

const TYPED = /^selfhealctl (?:llm )?([a-z-]+)(?: ([^\s-]\S*))?(?: --\S.*)?$/;
const NAMELESS = new Set(["resume", "pause-all", "resume-all", "cleanup", "reload"]);
const PLACEHOLDER = "ID";

// The deed that a command of a recommendation does, if it can be done from here.
export function deedOf(command) {
  const [, verb, name = ""] = TYPED.exec(command) ?? [];
  if (!Object.hasOwn(DEEDS, verb ?? "") || verb === "run" || name === PLACEHOLDER) return null;
  if (verb !== "update" && NAMELESS.has(verb) !== (name === "")) return null;
  return { verb, name };
}
