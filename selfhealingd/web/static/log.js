// What a service writes, as it writes it. One log at a time: each takes one of the few
// connections that a browser has. Lines are shown as words, and the oldest go.

import { Refused, forgetToken, lines, token } from "./api.js";
import { clean, h, put, set, show } from "./dom.js";
import { askForToken } from "./locked.js";

const PAST = 100;
const KEPT = 500;
const LONGEST = 2000;
const AGAIN = 3000;
const PAUSE = 200; // however much comes, it is drawn five times a second
const WHY = "Logs may hold secrets: they are for operators.";

let current = null;

export function logOf(name) {
  const button = h("button", { type: "button", click: () => (current === mine ? end() : begin()) });
  const state = h("span", { class: "small", role: "status" });
  // Not told by screen readers as it comes: it may come by the hundred.
  const box = h("div", { class: "output", role: "log", "aria-live": "off", "aria-label": `Log of ${name}`, tabindex: "0", hidden: true });
  const node = h("div", { class: "log" }, h("div", { class: "steps" }, button, state), box);
  const mine = { end, stop, goOn };
  let open = null;
  let again = 0;
  let waiting = [];
  let unseen = false;

  function begin() {
    if (token() === null) askForToken(WHY, unlock);
    else goOn();
  }

  function goOn() {
    listen().catch(refused);
  }

  async function unlock() {
    try {
      await listen();
    } catch (error) {
      end();
      throw error;
    }
  }

  // Settles once the daemon shows it; throws Refused.
  async function listen() {
    if (current !== mine) current?.end();
    stop();
    current = mine;
    const own = new AbortController();
    open = own;
    tell("asked for");
    const told = lines("tail", { names: [name], lines: PAST, follow: true }, own.signal);
    const { value } = await told.next().catch((error) => {
      if (open === own) throw error;
      return {}; // it was closed meanwhile
    });
    if (open !== own) return;
    box.replaceChildren();
    waiting = [];
    show(box, true);
    unseen = true;
    begun(value.result);
    hear(told, own, reader(value.result));
  }

  async function hear(told, own, take) {
    try {
      for await (const notice of told) {
        if (open !== own || !node.isConnected) break;
        take(notice);
      }
      if (open === own) tell("nothing more comes of it");
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (open === own) later(error);
    } finally {
      own.abort();
    }
  }

  function later(error) {
    tell(`it broke off, and is tried again: ${error.message}`);
    again = setTimeout(() => (node.isConnected ? goOn() : end()), AGAIN);
  }

  function refused(error) {
    if (!(error instanceof Refused)) throw error;
    if (error.token) {
      forgetToken();
      end();
      askForToken(WHY, unlock);
    } else if (error.status) {
      end();
      put(state, `${error.message}${error.hint ? `: ${error.hint}` : ""}`);
    } else later(error);
  }

  function begun({ logs, elsewhere }) {
    tell(`live: ${[...new Set(logs.map((one) => one.path))].join(", ")}`);
    for (const one of elsewhere) add(`${one.words}: ${one.hint}`, "note");
  }

  // Whole lines of each stream, in the order in which they came.
  function reader({ logs }) {
    const streams = new Map(logs.map((one) => [one.stream, { rest: "", decoder: new TextDecoder() }]));
    return ({ method, params }) => {
      if (method === "output") {
        const stream = streams.get(params.stream);
        const found = (stream.rest + stream.decoder.decode(bytes(params.data), { stream: true })).split("\n");
        stream.rest = found.pop().slice(0, LONGEST + 1);
        for (const line of found.slice(-KEPT)) add(line, params.stream === "stderr" && logs.length > 1 ? "stderr" : "");
      } else if (method === "skipped") add(params.words, "note");
      else if (method === "ended" && params.problem) add(params.problem, "note");
    };
  }

  function add(words, kind) {
    waiting.push([words, kind]);
    if (waiting.length === 1) setTimeout(draw, PAUSE);
    if (waiting.length > 2 * KEPT) waiting.splice(1, waiting.length - KEPT);
  }

  // Whoever reads further up is left there.
  function draw() {
    const below = box.scrollHeight - box.scrollTop - box.clientHeight < 24;
    box.append(...waiting.splice(0).slice(-KEPT).map(([words, kind]) => h("div", { class: kind },
      kind === "stderr" && h("span", { class: "unseen" }, "stderr: "), cut(words) || "\u00a0")));
    while (box.childElementCount > KEPT) box.firstElementChild.remove();
    if (below) box.scrollTop = box.scrollHeight;
    if (unseen) node.scrollIntoView({ block: "nearest" });
    unseen = false;
  }

  function stop() {
    clearTimeout(again);
    open?.abort();
    open = null;
  }

  function end() {
    stop();
    if (current === mine) current = null;
    show(box, false);
    tell("");
  }

  function tell(words) {
    put(state, words);
    put(button, current === mine ? "Close the log" : "Show its log");
    set(button, "aria-expanded", String(current === mine));
  }

  tell("");
  return { node, begin, end };
}

function cut(words) {
  return clean(words.length > LONGEST ? `${words.slice(0, LONGEST)}…` : words);
}

function bytes(data) {
  return Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
}

// A tab that nobody sees takes no connection.
export function beginLogs() {
  document.addEventListener("visibilitychange", () => (document.hidden ? current?.stop() : current?.goOn()));
}
