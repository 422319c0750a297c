// What programs write may be very long: its beginning, and a button for the rest.

import { clean, h } from "./dom.js";

const SHORT = 400;
const MOST = 50_000; // more than that nobody reads here

export function brief(words) {
  const text = clean(words);
  if (text.length <= SHORT) return text;
  const shown = h("span", {}, `${text.slice(0, SHORT)}… `);
  const node = h("span", { class: "brief" }, shown, h("button", { type: "button", class: "rest", click: open }, "more"));
  function open(event) {
    shown.textContent = text.length > MOST ? `${text.slice(0, MOST)}… (${text.length - MOST} more characters)` : text;
    shown.setAttribute("tabindex", "0");
    shown.className = "whole";
    shown.focus();
    event.currentTarget.remove();
  }
  return node;
}
