// What is asked of the daemon: /api, and the token that changes anything.

import { setClock } from "./words.js";

const PAST = 100; // events
const DEADLINE = 10_000;
const SLOW = 40_000; // the daemon gives up after 30 s
const LINES = "application/x-ndjson";
const WRONG = { TimeoutError: "no answer in time", SyntaxError: "the answer can't be read" };
const KEPT = "selfhealingd.token";

let held = null; // not kept: gone with the page

// What went wrong in words, and the next command where there is one.
export class Refused extends Error {
  constructor(words, { status = 0, hint = null } = {}) {
    super(words);
    this.status = status;
    this.hint = hint;
  }

  get token() {
    return this.status === 401 || this.status === 403;
  }
}

export function token() {
  return held ?? sessionStorage.getItem(KEPT);
}

export function holdToken(words, keep) {
  held = words;
  if (keep) sessionStorage.setItem(KEPT, words);
  else sessionStorage.removeItem(KEPT);
}

export function forgetToken() {
  held = null;
  sessionStorage.removeItem(KEPT);
}

export async function look(method, query = {}) {
  const asked = new URLSearchParams(query).toString();
  const answer = await send(`api/${method}${asked && `?${asked}`}`, {
    signal: AbortSignal.timeout(DEADLINE),
  });
  return whole(answer.json());
}

export function listen(signal) {
  return send(`api/events?changes=true&last=${PAST}`, { signal });
}

// What operates and is done at once: the answer is the method's result.
export async function act(path, body) {
  const answer = await post(path, body, { signal: AbortSignal.timeout(SLOW) });
  return whole(answer.json());
}

// A long operation. `told` hears of its beginning and of each step; the answer is its end.
export async function carryThrough(path, body, told) {
  const open = new AbortController();
  let alarm = 0;
  const within = (time) => {
    clearTimeout(alarm);
    alarm = setTimeout(() => open.abort(new DOMException("", "TimeoutError")), time);
  };
  within(SLOW);
  try {
    for await (const { result, method, params } of lines(path, body, open.signal)) {
      if (result) {
        within(result.deadline * 1000 + SLOW);
        told.begun(result);
      } else if (method === "progress") told.progress(params);
      else if (method === "finished") return params;
    }
  } finally {
    clearTimeout(alarm);
  }
  throw new Refused("the connection broke off; what was begun goes on");
}

// What a method tells bit by bit, from its result on.
export async function* lines(path, body, signal) {
  const answer = await post(path, body, { headers: { Accept: LINES }, signal });
  let rest = "";
  for await (const text of texts(answer)) {
    const found = (rest + text).split("\n");
    rest = found.pop();
    for (const line of found) yield JSON.parse(line);
  }
}

// An answer's body as it comes.
export async function* texts(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await whole(reader.read());
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function post(path, body, { headers, signal }) {
  const named = { "Content-Type": "application/json", ...headers };
  return send(`api/${path}`, { method: "POST", headers: named, body: JSON.stringify(body), signal });
}

async function send(path, { headers = {}, ...how }) {
  const bearer = token();
  const named = { ...headers, ...(bearer && { Authorization: `Bearer ${bearer}` }) };
  const answer = await whole(fetch(path, { cache: "no-store", credentials: "omit", headers: named, ...how }));
  if (answer.headers.get("Date")) setClock(answer.headers.get("Date"));
  if (answer.ok) return answer;
  throw refusal(answer, await answer.json().catch(() => null));
}

// A deadline may pass, and a connection break, in an answer's head and in its body.
async function whole(promise) {
  try {
    return await promise;
  } catch (error) {
    throw new Refused(WRONG[error.name] ?? "it can't be reached from here");
  }
}

function refusal(answer, said) {
  const words = said?.error?.message ?? `${answer.status} ${answer.statusText}`.trim();
  return new Refused(words, { status: answer.status, hint: said?.error?.hint ?? null });
}
