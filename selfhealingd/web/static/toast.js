// A word about what was just done; a screen reader says it, too.

import { byId, h } from "./dom.js";

const STAYS = 8000;

export function toast(words, detail = "", kind = "") {
  const note = h("p", { class: `toast ${kind}` }, h("strong", {}, words), " ", detail);
  note.addEventListener("click", () => note.remove());
  byId("toasts").append(note);
  setTimeout(() => note.remove(), STAYS);
}
