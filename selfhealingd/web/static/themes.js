// Light, dark, or as the system has it.

import { byId, fill, icon, set } from "./dom.js";

const NEXT = { auto: "light", light: "dark", dark: "auto" };
const WORDS = { auto: "as the system", light: "light", dark: "dark" };

function current() {
  return document.documentElement.dataset.theme ?? "auto";
}

export function nextTheme() {
  const next = NEXT[current()];
  if (next === "auto") {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem("theme");
  } else {
    document.documentElement.dataset.theme = next;
    localStorage.setItem("theme", next);
  }
  tell();
}

function tell() {
  const button = byId("theme");
  fill(button, [current()], () => icon(current()));
  set(button, "aria-label", `Colours: ${WORDS[current()]}. Change`);
  set(button, "title", `Colours: ${WORDS[current()]}`);
}

export function beginThemes() {
  byId("theme").addEventListener("click", nextTheme);
  tell();
}
