// The first of a long list, and a button for all of it.

import { byId, put, show } from "./dom.js";

const whole = new Set();

// Returns what is to be shown of `items`; the button is the one named `${id}-more`.
export function some(id, items, few, again) {
  const more = byId(`${id}-more`);
  const all = whole.has(id);
  show(more, items.length > few);
  put(more, all ? `Show ${few} alone` : `Show ${items.length - few} more`);
  more.onclick = () => {
    if (all) whole.delete(id);
    else whole.add(id);
    again();
  };
  return all ? items : items.slice(0, few);
}
