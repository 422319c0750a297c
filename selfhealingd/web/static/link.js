// Whether what is shown is what is, or how old it is.

import { look } from "./api.js";
import { byId, h, fill, put, set, show } from "./dom.js";
import { POLLED } from "./live.js";
import { askForToken } from "./locked.js";
import { duration, now, stopClock } from "./words.js";

const FRESH = 10_000;
const LOCKED = "Here it takes the token to look, too.";

const TITLES = { lost: "Connection lost", locked: "Locked", polled: "Not live" };

let link = { state: "begin" };
let heard = null; // when the last document came, by this machine's clock
let theirs = null; // and by the daemon's

export function setLink(next) {
  link = next;
  stopClock(unknown() ? theirs : null);
}

// Whether what is shown is no more than what once was.
export function unknown() {
  return link.state === "lost" || link.state === "locked";
}

export function setHeard() {
  heard = Date.now();
  theirs = now();
}

// Told once when it breaks off and not with each second, as screen readers say it.
export function showLink(stream) {
  const age = heard === null ? "" : duration((Date.now() - heard) / 1000);
  set(byId("link"), "data-link", link.state);
  put(byId("link-words"), words(age));
  set(document.documentElement, "data-link", link.state);
  const box = byId("lost");
  show(box, link.state !== "live" && link.state !== "begin");
  fill(box, [link.state, link.words, unknown() && heard], () => [
    h("p", {}, h("strong", {}, `${TITLES[link.state]}: ${link.words}. `), explained()),
    link.state === "locked"
      ? h("button", { type: "button", id: "again", click: () => askForToken(LOCKED, () => unlock(stream)) }, "Enter the token…")
      : h("button", { type: "button", id: "again", click: stream.again }, "Try now"),
  ]);
}

async function unlock(stream) {
  await look("version");
  stream.again();
}

function explained() {
  if (link.state === "polled") return `It is asked every ${POLLED / 1000} s instead, and events are not told.`;
  if (heard === null) return link.state === "lost" && "Nothing is known yet.";
  return `What stands below is of ${new Date(heard).toLocaleTimeString([], { hourCycle: "h23" })}, and not what is. Nothing can be done from here.`;
}

function words(age) {
  const old = Date.now() - heard > FRESH ? `, ${age} old` : "";
  if (link.state === "live") return `live${old}`;
  if (link.state === "polled") return `asked every ${POLLED / 1000} s${old}`;
  if (link.state === "begin") return "connecting";
  if (link.state === "locked") return "locked";
  const wait = Math.max(0, Math.ceil((link.again - Date.now()) / 1000));
  return `lost${age && `, ${age} old`}, ${wait ? `again in ${wait} s` : "trying"}`;
}
