// The stream of what happens, for as long as the page is open: /api/events, asked for
// again when it ends, and when nothing has come for longer than the daemon is silent.
// Not by EventSource, which can send no token and hides why it was refused. Where the
// daemon answers but has no place for who listens, it is asked again and again instead.

import { Refused, forgetToken, listen, look, texts, token } from "./api.js";

const SILENT = 20_000;
const HIDDEN = 30_000;
export const POLLED = 3000;
const LISTENED = 30_000; // after so long it tries again to listen
// For a minute so often that a restart is hardly noticed, then less and less.
const WAITS = [500, 1000, ...Array(28).fill(2000), 4000, 8000, 15_000];

// `told` has { status, changes, announce, link }: a whole status document, one with what
// has changed of its lists, one event, and how the connection is: { state: "live" },
// { state: "polled", words } with why there is no stream, { state: "locked", words } where
// a token is needed to look, or { state: "lost", words, again }, the time of the next try.
export function follow(told) {
  const tell = { status: told.status, changes: told.changes, announce: told.announce };
  let open = new AbortController();
  let alarm = 0;
  let failures = 0;
  let refused = null;

  async function run() {
    leave();
    const mine = open;
    try {
      watch(mine);
      for await (const [event, data] of messages(await listen(mine.signal))) {
        watch(mine);
        failures = 0;
        told.link({ state: "live" });
        tell[event]?.(JSON.parse(data));
      }
      lost(mine, "the daemon ended the connection");
    } catch (error) {
      if (error instanceof Refused && error.token) locked(mine, error.message);
      else if (error instanceof Refused && error.status) poll(mine, error.message, Date.now());
      else lost(mine, error instanceof Refused ? error.message : "it broke off");
    }
  }

  async function poll(mine, words, began) {
    if (mine !== open) return;
    clearTimeout(alarm);
    try {
      const status = await look("status");
      if (mine !== open) return;
      failures = 0;
      told.link({ state: "polled", words });
      told.status(status);
      alarm = setTimeout(() => (Date.now() - began > LISTENED ? run() : poll(mine, words, began)), POLLED);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.token) locked(mine, error.message);
      else lost(mine, error.message);
    }
  }

  function watch(mine) {
    clearTimeout(alarm);
    alarm = setTimeout(() => lost(mine, "nothing came for a while"), SILENT);
  }

  function lost(mine, words) {
    if (mine !== open) return;
    leave();
    // Not all pages in the same moment.
    const wait = WAITS[Math.min(failures, WAITS.length - 1)] * (0.8 + 0.2 * Math.random());
    failures += 1;
    alarm = setTimeout(run, wait);
    told.link({ state: "lost", words, again: Date.now() + wait });
  }

  // A token that isn't one any more is refused even where looking takes none.
  function locked(mine, words) {
    if (mine !== open) return;
    if (token() === null) {
      leave();
      told.link({ state: "locked", words: refused ?? words });
      refused = null;
    } else {
      forgetToken();
      refused = words;
      run();
    }
  }

  // A browser has six connections to one place for all its tabs, and keeps pages that
  // were left: who isn't seen has none, and asks now and then to have its title right.
  function hide() {
    leave();
    alarm = setTimeout(async () => {
      const mine = open;
      const found = await look("status").catch((error) => error);
      if (mine !== open) return;
      if (found instanceof Error) told.link({ state: found.token ? "locked" : "lost", words: found.message, again: Date.now() + HIDDEN });
      else {
        told.link({ state: "live" });
        told.status(found);
      }
      hide();
    }, HIDDEN);
  }

  function leave() {
    clearTimeout(alarm);
    open.abort();
    open = new AbortController();
  }

  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => event.persisted && run());
  addEventListener("online", run);
  document.addEventListener("visibilitychange", () => (document.hidden ? hide() : run()));
  run();
  return { again: run };
}

// Server-sent events, as the HTML standard has them: [event, data] each.
async function* messages(answer) {
  let rest = "";
  let event = "message";
  let data = [];
  for await (const value of texts(answer)) {
    const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      const [, field, words] = /^([^:]*):? ?(.*)$/.exec(line);
      if (field === "event") event = words;
      else if (field === "data") data.push(words);
      else if (line === "") {
        if (data.length) yield [event, data.join("\n")];
        event = "message";
        data = [];
      } else if (line.startsWith(":")) yield ["alive", "null"];
    }
  }
}
