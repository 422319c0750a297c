// The first of a long list, and a button for more of it.

import { byId, put, show } from "./dom.js";

// A narrow screen begins with half of it.
const NARROW = matchMedia("(max-width: 620px)");

const shown = new Map();

// Returns what is to be shown of `items`; the button is the one named `${id}-more`, and
// shows `step` more of them with each press.
export function some(id, items, few, again, step = Infinity) {
  const button = byId(`${id}-more`);
  const least = first(few);
  const most = shown.get(id) ?? least;
  const left = items.length - most;
  show(button, items.length > least);
  put(button, left <= 0 ? `Show ${least} alone` : step < left ? `Show ${step} of ${left} more` : `Show ${left} more`);
  button.onclick = () => {
    if (left <= 0) shown.delete(id);
    else shown.set(id, most + step);
    again();
  };
  return items.slice(0, most);
}

// Let the item at that place be among them.
export function reach(id, place, few) {
  if (place >= (shown.get(id) ?? first(few))) shown.set(id, place + 1);
}

function first(few) {
  return NARROW.matches ? Math.ceil(few / 2) : few;
}
