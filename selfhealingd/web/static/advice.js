// What to type, and beside it a button where the same can be done or seen from here.

import { copyable } from "./copy.js";
import { DEEDS, deedOf } from "./deeds.js";
import { deedButton } from "./doing.js";
import { h } from "./dom.js";
import { placeOf } from "./places.js";
import { steps } from "./words.js";

// `told`: the deed that has a button of its own there already.
export function adviceNodes(recommendation, told = "") {
  return steps(recommendation).map(({ words, command }) => commandNode(command, words, told));
}

export function commandNode(command, words = "", told = "") {
  const deed = deedOf(command);
  const button = deed?.verb === told ? null : buttonOf(deed, placeOf(command));
  const own = { class: button || deed ? "step here" : "step" };
  return h("span", own, words && h("span", {}, words), command && copyable(command), button);
}

function buttonOf(deed, place) {
  if (deed) return deedButton(deed.verb, deed.name, { class: "do", words: `${DEEDS[deed.verb].title}…` });
  return place && h("button", { type: "button", class: "do", "aria-label": place.label, click: place.go }, place.words);
}
