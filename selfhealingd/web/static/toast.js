// A word about what was just done; a screen reader says it, too. What failed stays until
// somebody has seen it.

import { byId, h, put } from "./dom.js";

const STAYS = 8000;
const MOST = 4;

// "busy" is of what goes on: `say` changes its words, unheard, and `end` takes it away.
export function toast(words, detail = "", kind = "") {
  const more = h("span", {}, detail);
  const away = () => note.remove();
  const note = h("p", { class: `toast ${kind}` }, h("strong", {}, words), " ", more,
    kind === "bad" && h("button", { type: "button", click: away }, "Close"));
  byId("toasts").append(note);
  while (byId("toasts").childElementCount > MOST) byId("toasts").firstElementChild.remove();
  if (kind !== "bad" && kind !== "busy") setTimeout(away, STAYS);
  const say = (next) => {
    more.setAttribute("aria-hidden", "true");
    put(more, next);
  };
  return { say, end: away };
}
