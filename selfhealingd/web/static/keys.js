// What single keys do. They may be switched off, for those whom speech or a shaking hand
// makes press them unmeant.

import { byId, h } from "./dom.js";
import { goTo } from "./places.js";
import { reveal } from "./services.js";
import { nextTheme } from "./themes.js";

const KEYS = [
  ["/", "filter services", () => byId("filter").focus()],
  ["u", "only what is not well, or all", () => byId("unwell").click()],
  ["j", "next service", () => step(1)],
  ["k", "the one before", () => step(-1)],
  ["r", "restart the service that has the focus", () => press(".restart")],
  ["s", "start or stop it", () => press(".stop, .start")],
  ["b", "reset its breaker", () => press(".reset")],
  ["l", "its log", () => reveal(current()?.dataset.name, { log: true })],
  ["i", "to the incidents", () => goTo("incidents")],
  ["e", "to the events", () => goTo("events")],
  ["t", "light, dark, or as the system", nextTheme],
  ["?", "these keys", () => byId("keys").showModal()],
];

function step(by) {
  const rows = [...document.querySelectorAll("#table .name")];
  const here = rows.indexOf(current()?.querySelector(".name"));
  const next = here < 0 ? (by > 0 ? 0 : rows.length - 1) : here + by;
  rows[Math.min(Math.max(next, 0), rows.length - 1)]?.focus();
}

function current() {
  return document.activeElement?.closest("#table tbody");
}

function press(button) {
  current()?.querySelector(button)?.click();
}

function typing(event) {
  return event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox]), textarea, select, dialog");
}

export function beginKeys() {
  let on = localStorage.getItem("keys") !== "off";
  byId("keys-list").append(...KEYS.map(([key, words]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, words))));
  byId("keys-on").checked = on;
  byId("keys-on").addEventListener("change", () => {
    on = byId("keys-on").checked;
    localStorage.setItem("keys", on ? "on" : "off");
  });
  byId("keys-close").addEventListener("click", () => byId("keys").close());
  byId("help").addEventListener("click", () => byId("keys").showModal());
  byId("filter").addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    if (byId("filter").value === "") goTo("services");
    byId("filter").value = "";
    byId("filter").dispatchEvent(new Event("input"));
  });
  document.addEventListener("keydown", (event) => {
    if (!on || typing(event)) return;
    const found = KEYS.find(([key]) => key === event.key);
    if (!found) return;
    event.preventDefault();
    found[2]();
  });
}
