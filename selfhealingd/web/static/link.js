// Whether what is shown is what is, or how old it is.

import { byId, h, fill, put, set, show } from "./dom.js";
import { askForToken } from "./locked.js";
import { duration } from "./words.js";

const FRESH = 10_000;
const LOCKED = "Here it takes the token to look, too.";

let link = { state: "begin" };
let heard = null; // when the last document came, by this machine's clock

export function setLink(next) {
  link = next;
}

export function setHeard() {
  heard = Date.now();
}

// Told once when it breaks off and not with each second, as screen readers say it.
export function showLink(stream) {
  const live = link.state === "live";
  const age = heard === null ? "" : duration((Date.now() - heard) / 1000);
  set(byId("link"), "data-link", link.state);
  put(byId("link-words"), live ? `live${Date.now() - heard > FRESH ? `, ${age} old` : ""}` : words(age));
  set(document.documentElement, "data-link", link.state);
  const box = byId("lost");
  show(box, link.state === "lost" || link.state === "locked");
  fill(box, [link.state, link.words, heard], () => [
    h("p", {}, h("strong", {}, link.state === "locked" ? "Locked" : "Connection lost", `: ${link.words}. `),
      link.state === "lost" && (heard === null ? "Nothing is known yet." : `What stands below is of ${new Date(heard).toLocaleTimeString([], { hourCycle: "h23" })}, and not what is.`)),
    h("button", { type: "button", id: "again", click: () => (link.state === "locked" ? askForToken(LOCKED, stream.again) : stream.again()) },
      link.state === "locked" ? "Enter the token…" : "Try now"),
  ]);
}

function words(age) {
  if (link.state === "begin") return "connecting";
  if (link.state === "locked") return "locked";
  const wait = Math.max(0, Math.ceil((link.again - Date.now()) / 1000));
  return `lost${age && `, ${age} old`}, ${wait ? `again in ${wait} s` : "trying"}`;
}
