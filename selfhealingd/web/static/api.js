// What is asked of the daemon: /api, and the token that changes anything.

import { setClock } from "./words.js";

const PAST = 100; // events
const DEADLINE = 10_000;
const SLOW = 120_000; // a restart tells when it is done
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
  return send(`api/events?last=${PAST}`, { signal });
}

// What operates: the answer is the method's result. Of a long operation that is only its
// beginning: `lasting` waits for its end, which comes in a line of its own.
export async function act(path, body, { lasting = false } = {}) {
  const answer = await send(`api/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(lasting && { Accept: LINES }) },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(SLOW),
  });
  if (!lasting) return whole(answer.json());
  const lines = (await whole(answer.text())).trim().split("\n").map((line) => JSON.parse(line));
  return lines.find((line) => line.method === "finished").params;
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
